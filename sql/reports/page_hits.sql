-- What is known of calls in which a search found something?
--
--   $recordings   their ids
SELECT recording.id AS recording_id, call_name.call, call_id, file_name(path) AS file, spelling.name AS agent, customer,
    queue, started_at, duration_s, understood, warnings
FROM recording
JOIN call_name ON call_name.recording_id = recording.id
LEFT JOIN spelled('agent') AS spelling ON spelling.given = agent
WHERE recording.id IN (SELECT unnest($recordings::VARCHAR[]))
