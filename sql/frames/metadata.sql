-- What the metadata tables and file names brought besides the facts, call by call.
SELECT recording_id, unnest(map_keys(metadata)) AS name, unnest(map_values(metadata)) AS value
FROM call_summary
