-- How did the calls go in each group, and in the period before? For all calls ('all'), by group, queue, day, week and hour.
--
--   $by     what a group is: 'agent', 'queue', 'customer', 'day', or a column of the metadata table
--   $name   calls of one group only, apart from all others together; NULL: all
--   chosen  the figures of the calls (see chosen.sql) of any time, also those of the other groups
--   $role   whose mood: 'customer', 'agent', or 'all' for every voice on the call
--   $since, $until   start of the call, the second excluded; NULL: no bound
--   $now_from, $now_until, $before_from, $before_until   the period that is compared, and the one that it is compared
--           with; NULL: nothing is compared
--
-- Means, shares and their 95 % intervals as in groups.sql. rest_upset is the share of all other groups together: of a
-- group's team without itself.
WITH period AS (
    FROM (VALUES ('all', $since::TIMESTAMP, $until::TIMESTAMP),
        ('now', $now_from::TIMESTAMP, $now_until::TIMESTAMP),
        ('before', $before_from::TIMESTAMP, $before_until::TIMESTAMP)) AS bounds(period, since, until)
    WHERE period = 'all' OR $now_from::TIMESTAMP IS NOT NULL
), call AS (
    SELECT chosen.*, period, spelling.name AS group_name, coalesce(queues.name, '(unknown)') AS queue_name,
        strftime(started_at, '%Y-%m-%d') AS day,
        strftime(date_trunc('week', started_at), '%Y-%m-%d') AS week,
        strftime(started_at, '%H') AS hour,
        is_likely(upset) AS is_upset,
        is_likely(pleased) AS is_pleased,
        dead_air_s / nullif(duration_s, 0) AS dead_air_share,
        overtalk_s / nullif(duration_s, 0) AS overtalk_share
    FROM chosen
    JOIN period ON (period.since IS NULL OR started_at >= period.since)
        AND (period.until IS NULL OR started_at < period.until)
    JOIN spelled($by) AS spelling
        ON spelling.given = group_name($by, agent, chosen.queue, customer, started_at, metadata)
    LEFT JOIN spelled('queue') AS queues ON queues.given = chosen.queue
    WHERE role = $role
        AND ($name::VARCHAR IS NULL OR name_key(spelling.name) = name_key($name))
), figures AS (
    SELECT
        CASE WHEN grouping(group_name) = 0 THEN 'group'
            WHEN grouping(queue_name) = 0 THEN 'queue'
            WHEN grouping(day) = 0 THEN 'day'
            WHEN grouping(week) = 0 THEN 'week'
            WHEN grouping(hour) = 0 THEN 'hour'
            ELSE 'all' END AS dimension,
        CASE WHEN dimension = 'all' THEN '' ELSE coalesce(group_name, queue_name, day, week, hour) END AS name,
        period,
        count(*) AS calls,
        sum(duration_s) / 3600 AS hours,
        count(is_upset) AS calls_scored,
        count(*) FILTER (is_upset) AS upset_calls,
        avg(is_upset::INTEGER) AS upset,
        share_low(count(*) FILTER (is_upset), count(is_upset)) AS upset_low,
        share_high(count(*) FILTER (is_upset), count(is_upset)) AS upset_high,
        count(*) FILTER (is_pleased) AS pleased_calls,
        avg(is_pleased::INTEGER) AS pleased,
        share_low(count(*) FILTER (is_pleased), count(is_pleased)) AS pleased_low,
        share_high(count(*) FILTER (is_pleased), count(is_pleased)) AS pleased_high,
        count(mood_change) AS calls_compared,
        count(*) FILTER (ended_worse) AS ended_worse_calls,
        ended_worse_calls / nullif(count(mood_change), 0) AS ended_worse,
        share_low(count(*) FILTER (ended_worse), count(mood_change)) AS ended_worse_low,
        share_high(count(*) FILTER (ended_worse), count(mood_change)) AS ended_worse_high,
        avg(mood_start) FILTER (mood_change IS NOT NULL) AS mood_start,
        avg(mood_end) FILTER (mood_change IS NOT NULL) AS mood_end,
        avg(mood_change) AS mood_change,
        margin(stddev_samp(mood_change), count(mood_change)) AS mood_change_margin,
        avg(talk_ratio) AS talk_ratio,
        avg(dead_air_share) AS dead_air,
        avg(overtalk_share) AS overtalk,
        avg(interruptions_by_agent) AS interruptions,
        avg(agent_words_per_minute) AS words_per_minute,
        coalesce(sum(scored), 0)::BIGINT AS segments,
        coalesce(sum(uncertain), 0)::BIGINT AS uncertain
    FROM call
    GROUP BY GROUPING SETS (
        (period), (period, group_name), (period, queue_name), (period, day), (period, week), (period, hour))
    HAVING name IS NOT NULL -- without a start there is no day
), everyone AS (
    SELECT period, count(*) FILTER (is_likely(upset)) AS upset_calls, count(upset) AS calls_scored
    FROM chosen
    JOIN period ON (period.since IS NULL OR started_at >= period.since)
        AND (period.until IS NULL OR started_at < period.until)
    WHERE role = $role
    GROUP BY period
), summed AS (
    SELECT figures.*,
        CASE dimension WHEN 'group' THEN everyone.upset_calls
            ELSE (sum(figures.upset_calls) OVER alike)::BIGINT END - figures.upset_calls AS rest_upset_calls,
        CASE dimension WHEN 'group' THEN everyone.calls_scored
            ELSE (sum(figures.calls_scored) OVER alike)::BIGINT END - figures.calls_scored AS rest_calls_scored
    FROM figures
    JOIN everyone USING (period)
    WINDOW alike AS (PARTITION BY dimension, period)
)
SELECT *,
    rest_upset_calls / nullif(rest_calls_scored, 0) AS rest_upset,
    share_low(rest_upset_calls, rest_calls_scored) AS rest_upset_low,
    share_high(rest_upset_calls, rest_calls_scored) AS rest_upset_high
FROM summed
ORDER BY dimension, name = '(unknown)', lower(name), period
