-- Which emotions were heard of agents and of customers, by group ('' for all groups together)?
--
--   $by     what a group is, as in groups.sql
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $since, $until   start of the call, the second excluded; NULL: no bound
--
-- emotion is NULL for segments that were not scored.
WITH placed AS (
    SELECT recording.id AS recording_id, spelling.name
    FROM recording
    JOIN spellings($by) AS spelling
        ON spelling.key = name_key(group_name($by, agent, queue, customer, started_at, metadata))
    WHERE state = 'done'
        AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
        AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
        AND is_chosen($dimensions, $names, agent, queue, customer, started_at, metadata)
)
SELECT coalesce(name, '') AS name, role, emotion, count(*) AS segments, sum(seconds) AS seconds,
    count(*) FILTER (evidence = 'correction') AS corrected
FROM placed
JOIN segment_mood_of((SELECT list(recording_id) FROM placed)) USING (recording_id)
GROUP BY GROUPING SETS ((role, emotion), (name, role, emotion))
ORDER BY name, role, emotion
