-- Which calls are exported, and into which part? In the order of their starts.
--
--   $recording   one recording, by its id; NULL: all
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $since, $until   start of the call, the second excluded; NULL: no bound
--   $by          what parts are by: 'agent', 'queue', 'customer', 'day', 'week', 'month', or a column of the metadata table
SELECT recording.id AS recording_id, call, path, duration_s,
    CASE WHEN $by::VARCHAR IS NOT NULL THEN group_name($by, agent, queue, customer, started_at, metadata) END AS part
FROM recording
JOIN call_name ON call_name.recording_id = recording.id
WHERE state = 'done'
    AND ($recording::VARCHAR IS NULL OR recording.id = $recording)
    AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
    AND recording.id NOT IN (FROM not_named($dimensions, $names))
ORDER BY started_at NULLS LAST, path, recording.id
