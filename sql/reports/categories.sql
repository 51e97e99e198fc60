-- In how many calls does each category occur? The commonest first; those that occur in no call are left out.
--
--   chosen  the figures of the calls (see chosen.sql)
--   $role   that of the chosen calls
--
-- calls_known is the number of calls whose categories are known, share that of those with the category among them;
-- from_s, the start of its first segment, makes sense of one call only.
WITH selected AS (
    SELECT categories FROM chosen WHERE role = $role AND categories IS NOT NULL
), known AS (
    SELECT count(*) AS calls_known FROM selected
), found AS (
    SELECT unnest(categories, recursive := true) FROM selected
)
SELECT category,
    count(*) AS calls,
    any_value(calls_known) AS calls_known,
    count(*) / any_value(calls_known) AS share,
    share_low(count(*), any_value(calls_known)) AS share_low,
    share_high(count(*), any_value(calls_known)) AS share_high,
    sum(segments) AS segments,
    min(from_s) AS from_s
FROM found, known
GROUP BY category
ORDER BY calls DESC, category;
