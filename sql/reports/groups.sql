-- How did the calls of each agent go (or of each queue, day, or value of a column of the metadata table)? Days, weeks,
-- months and hours come in order, of the others those with the largest share of upset calls first, then those with the worst mood at the end.
--
--   $by     'agent', 'queue', 'customer', 'day', 'week', 'month', 'hour', or a column of the metadata table
--   chosen  the figures of the calls (see chosen.sql)
--   $role   whose mood: 'customer', 'agent', or 'all' for every voice on the call
--
-- Means are over calls, each with the same weight. Their margin is half of their 95 % interval (Student's t; NULL with
-- fewer than five calls). upset and pleased are shares of the calls in which the role got so, of those where that is
-- known; upset_low and upset_high are the 95 % interval of the former (Wilson). angry, negative and uncertain are shares
-- of the role's scored segments, all calls together; corrections is how many segments
-- people corrected. Talk ratio, dead air, overtalk, interruption and mood are defined at the views call_talk and call_mood.
WITH call AS (
    SELECT spelling.name, chosen.*,
        is_likely(upset) AS is_upset,
        is_likely(pleased) AS is_pleased,
        dead_air_s / nullif(duration_s, 0) AS dead_air_share,
        overtalk_s / nullif(duration_s, 0) AS overtalk_share
    FROM chosen
    JOIN spelled($by) AS spelling
        ON spelling.given = group_name($by, agent, queue, customer, started_at, metadata)
    WHERE role = $role
)
SELECT name,
    count(*) AS calls,
    sum(duration_s) / 3600 AS hours,
    avg(talk_ratio) AS talk_ratio,
    margin(stddev_samp(talk_ratio), count(talk_ratio)) AS talk_ratio_margin,
    avg(dead_air_share) AS dead_air,
    margin(stddev_samp(dead_air_share), count(dead_air_share)) AS dead_air_margin,
    avg(overtalk_share) AS overtalk,
    margin(stddev_samp(overtalk_share), count(overtalk_share)) AS overtalk_margin,
    avg(interruptions_by_agent) AS interruptions_by_agent,
    avg(interruptions_by_customer) AS interruptions_by_customer,
    avg(agent_words_per_minute) AS words_per_minute,
    margin(stddev_samp(agent_words_per_minute), count(agent_words_per_minute)) AS words_per_minute_margin,
    avg(longest_monologue_s) AS longest_monologue_s,
    $role AS role,
    count(is_upset) AS calls_scored,
    count(*) FILTER (is_upset) AS upset_calls,
    avg(is_upset::INTEGER) AS upset,
    share_low(count(*) FILTER (is_upset), count(is_upset)) AS upset_low,
    share_high(count(*) FILTER (is_upset), count(is_upset)) AS upset_high,
    count(*) FILTER (is_pleased) AS pleased_calls,
    avg(is_pleased::INTEGER) AS pleased,
    -- start and end over the same calls, so that they agree with the change
    avg(mood_start) FILTER (mood_change IS NOT NULL) AS mood_start,
    margin(stddev_samp(mood_start) FILTER (mood_change IS NOT NULL), count(mood_change)) AS mood_start_margin,
    avg(mood_end) FILTER (mood_change IS NOT NULL) AS mood_end,
    margin(stddev_samp(mood_end) FILTER (mood_change IS NOT NULL), count(mood_change)) AS mood_end_margin,
    avg(mood_change) AS mood_change,
    margin(stddev_samp(mood_change), count(mood_change)) AS mood_change_margin,
    count(mood_change) AS calls_compared,
    count(*) FILTER (ended_worse) AS ended_worse,
    coalesce(sum(scored), 0)::BIGINT AS segments,
    sum(angry) / nullif(sum(scored), 0) AS angry,
    sum(negative) / nullif(sum(scored), 0) AS negative,
    sum(uncertain) / nullif(sum(scored), 0) AS uncertain,
    coalesce(sum(corrections), 0)::BIGINT AS corrections
FROM call
GROUP BY name
ORDER BY name = '(unknown)', CASE WHEN $by IN ('day', 'week', 'month', 'hour') THEN name END, upset DESC NULLS LAST, mood_end NULLS LAST, calls DESC, name
