-- In how many calls of each agent (or queue, day, or value of a column of the metadata table) does each category occur?
-- The commonest category first, groups in order of names: where intervals overlap there is no order of merit.
--
--   $by     'agent', 'queue', 'customer', 'day', 'week', 'month', 'hour', or a column of the metadata table
--   $name   this group only, compared with all others; NULL: all
--   chosen  the figures of the calls (see chosen.sql), also those of the other groups
--   $role   that of the chosen calls
--
-- calls_known is the number of the group's calls whose categories are known, share that of those with the category among
-- them, share_low and share_high its 95 % interval (Wilson; NULL with fewer than five calls). rest_share is that of all
-- other groups together. Categories that occur in no call are left out.
WITH selected AS (
    SELECT spelling.name, categories
    FROM chosen
    JOIN spelled($by) AS spelling
        ON spelling.given = group_name($by, agent, queue, customer, started_at, metadata)
    WHERE role = $role AND categories IS NOT NULL
), known AS (
    SELECT name, count(*) AS calls_known, (sum(count(*)) OVER () - count(*))::BIGINT AS rest_known
    FROM selected GROUP BY name
), found AS (
    SELECT name, category, count(*) AS calls
    FROM (SELECT name, unnest(categories, recursive := true) FROM selected) GROUP BY name, category
), total AS (
    SELECT category, sum(calls)::BIGINT AS all_calls FROM found GROUP BY category
)
SELECT known.name, category,
    coalesce(calls, 0) AS calls,
    calls_known,
    coalesce(calls, 0) / calls_known AS share,
    share_low(coalesce(calls, 0), calls_known) AS share_low,
    share_high(coalesce(calls, 0), calls_known) AS share_high,
    all_calls - coalesce(calls, 0) AS rest_calls,
    rest_known,
    rest_calls / nullif(rest_known, 0) AS rest_share,
    share_low(rest_calls, rest_known) AS rest_share_low,
    share_high(rest_calls, rest_known) AS rest_share_high
FROM known
CROSS JOIN total
LEFT JOIN found USING (name, category)
WHERE $name::VARCHAR IS NULL OR name_key(known.name) = name_key($name)
ORDER BY all_calls DESC, category, known.name = '(unknown)', lower(known.name)
