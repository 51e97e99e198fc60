-- Which call does a person mean? By its call id, its file name with or without the ending, or how the recording's
-- id begins.
--
--   $call
SELECT id AS recording_id, call_id, file_name(path) AS file, path, state, error, reason
FROM recording
WHERE call_id = $call
    OR path = $call
    OR file_name(path) = $call
    OR regexp_replace(file_name(path), '\.[^.]*$', '') = $call
    OR (length($call) >= 4 AND starts_with(id, lower($call)))
ORDER BY path
