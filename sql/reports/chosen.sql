-- Which recordings is a report about? Kept as the table chosen for the questions that make up the report: they are many, and
-- names take a while to compare.
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $recording   one recording, by its id; NULL: all
--   $since, $until   start of the call, the second excluded; NULL: no bound
CREATE OR REPLACE TEMP TABLE chosen AS
SELECT id AS recording_id
FROM recording
WHERE ($recording::VARCHAR IS NULL OR id = $recording)
    AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
    AND recording.id NOT IN (FROM not_named($dimensions, $names))
