-- Where are the recordings of calls, which model scored them, and what are they called?
--
--   $by   what a group is: 'agent', 'queue', 'customer', 'day', or a column of the metadata table
--   $since, $until   start of the call, the second excluded; NULL: no bound
SELECT recording.id AS recording_id, path, other_path, size_bytes, spelling.name AS group_name, model_id
FROM recording
JOIN spelled($by) AS spelling
    ON spelling.given = group_name($by, agent, queue, customer, started_at, metadata)
WHERE state = 'done'
    AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
