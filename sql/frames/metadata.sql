-- The metadata of every call: what metadata tables and file names say besides the facts.
SELECT recording_id, unnest(map_keys(metadata)) AS name, unnest(map_values(metadata)) AS value
FROM call_summary
