-- Which emotions were heard of agents and of customers (with those whose role is not known), by group ('' for all groups together)?
--
--   $by     what a group is, as in groups.sql
--   chosen  the figures of the calls (see chosen.sql)
--   $role   that of the chosen calls
--
-- emotion is NULL for segments that were not scored.
WITH placed AS MATERIALIZED (
    SELECT recording_id, call_number, spelling.name
    FROM chosen
    JOIN spelled($by) AS spelling
        ON spelling.given = group_name($by, agent, queue, customer, started_at, metadata)
    WHERE role = $role
)
SELECT coalesce(name, '') AS name, side_of(role) AS role, emotion, count(*) AS segments, sum(seconds) AS seconds,
    count(*) FILTER (evidence = 'correction') AS corrected
FROM placed
JOIN segment_mood_of('placed') USING (recording_id)
GROUP BY GROUPING SETS ((side_of(role), emotion), (name, side_of(role), emotion))
ORDER BY ALL
