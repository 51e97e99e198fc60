-- Which columns did the side tables and file names bring that calls can be grouped by?
SELECT DISTINCT unnest(map_keys(metadata)) AS name
FROM recording
ORDER BY name
