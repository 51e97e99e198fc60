-- Which emotions were heard of agents and of customers (with those whose role is not known), by group ('' for all groups together)?
--
--   $by     what a group is, as in groups.sql
--   chosen  the recordings (see chosen.sql)
--
-- emotion is NULL for segments that were not scored.
WITH placed AS (
    SELECT recording.id AS recording_id, spelling.name
    FROM chosen
    JOIN recording ON recording.id = chosen.recording_id
    JOIN spelled($by) AS spelling
        ON spelling.given = group_name($by, agent, queue, customer, started_at, metadata)
    WHERE state = 'done'
)
SELECT coalesce(name, '') AS name, side_of(role) AS role, emotion, count(*) AS segments, sum(seconds) AS seconds,
    count(*) FILTER (evidence = 'correction') AS corrected
FROM placed
JOIN segment_mood_of((SELECT list(recording_id) FROM placed)) USING (recording_id)
GROUP BY GROUPING SETS ((side_of(role), emotion), (name, side_of(role), emotion))
ORDER BY ALL
