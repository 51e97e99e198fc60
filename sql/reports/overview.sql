-- What does a report cover, and what does it leave out?
--
--   $by, $name   calls of one agent (queue, customer, day, value of a column of the metadata table); NULL: all
--   $role        whose mood: 'customer', 'agent', or 'all' for every voice on the call
--   $since, $until   start of the call, the second excluded; NULL: no bound
WITH named AS (
    SELECT *,
        ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
            AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP) AS in_time
    FROM recording
    WHERE $name::VARCHAR IS NULL
        OR name_key($name) = name_key(group_name($by, agent, queue, customer, started_at, metadata))
), scored AS (
    SELECT recording_id, scored FROM call_mood WHERE role = $role
), transcription AS (
    SELECT id AS transcribed_in, models->>'asr' AS recogniser FROM scan
)
SELECT
    count(*) FILTER (state = 'done' AND in_time) AS calls,
    sum(duration_s) FILTER (state = 'done' AND in_time) / 3600 AS hours,
    min(started_at) FILTER (state = 'done' AND in_time) AS first_call,
    max(started_at) FILTER (state = 'done' AND in_time) AS last_call,
    count(*) FILTER (state = 'failed') AS failed,
    (
        SELECT count(*) FROM unreadable WHERE $name::VARCHAR IS NULL AND path NOT IN (SELECT path FROM recording)
    ) AS unreadable,
    count(*) FILTER (state = 'done' AND in_time IS NULL) AS without_time,
    count(*) FILTER (state = 'done' AND in_time AND coalesce(scored, 0) = 0) AS without_mood,
    count(*) FILTER (state = 'done' AND in_time AND layout <> 'stereo') AS on_one_channel,
    count(DISTINCT model_id) FILTER (state = 'done' AND in_time) AS models,
    count(DISTINCT recogniser) FILTER (state = 'done' AND in_time) AS recognisers
FROM named
LEFT JOIN scored ON scored.recording_id = named.id
LEFT JOIN transcription USING (transcribed_in)
