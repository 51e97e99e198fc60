-- Which columns of metadata tables and file names can calls be grouped by?
SELECT DISTINCT unnest(map_keys(metadata)) AS name
FROM recording
ORDER BY name
