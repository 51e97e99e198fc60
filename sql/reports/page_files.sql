-- Where are the recordings of calls, which model scored them, and what are they called?
--
--   $by     what a group is: 'agent', 'queue', 'customer', 'day', or a column of the metadata table
--   chosen  the figures of the calls (see chosen.sql)
--   $role   that of the chosen calls
SELECT recording_id, recording.path, other_path, size_bytes, spelling.name AS group_name, recording.model_id
FROM chosen
JOIN recording ON recording.id = recording_id
JOIN spelled($by) AS spelling ON spelling.given = group_name(
    $by, chosen.agent, chosen.queue, chosen.customer, chosen.started_at, chosen.metadata)
WHERE role = $role
