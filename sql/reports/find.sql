-- Which call does a person mean? By its call id, its file name with or without the ending, or how the recording's
-- id begins. A file that could not be read has an empty id.
--
--   $call
SELECT id AS recording_id, call_id, file_name(path) AS file, path, state, error, reason
FROM (
    SELECT id, call_id, path, state, error, reason FROM recording
    UNION ALL
    SELECT '', NULL, path, 'failed', error, reason FROM unreadable
    WHERE path NOT IN (SELECT path FROM recording)
)
WHERE call_id = $call
    OR path = $call
    OR file_name(path) = $call
    OR regexp_replace(file_name(path), '\.[^.]*$', '') = $call
    OR (length($call) >= 4 AND starts_with(id, lower($call)))
ORDER BY path
