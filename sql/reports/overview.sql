-- What does a report cover, and what does it leave out?
--
--   chosen  the figures of the calls (see chosen.sql)
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $role        whose mood: 'customer', 'agent', or 'all' for every voice on the call
--   $since, $until   start of the call, the second excluded; NULL: no bound
WITH call AS (
    FROM chosen WHERE role = $role
), apart AS (
    SELECT *,
        ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
            AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP) AS in_time
    FROM recording
    WHERE in_time IS DISTINCT FROM false AND (state = 'failed' OR in_time IS NULL)
), misnamed AS (
    SELECT id
    FROM apart, (SELECT unnest($dimensions::VARCHAR[]) AS dimension, unnest($names::VARCHAR[]) AS wanted)
    WHERE name_key(wanted) <> name_key(group_name(dimension, agent, queue, customer, started_at, metadata))
), left_out AS (
    SELECT count(*) FILTER (state = 'failed') AS failed, count(*) FILTER (state = 'done') AS without_time
    FROM apart ANTI JOIN misnamed USING (id)
)
SELECT
    count(*) AS calls,
    sum(duration_s) / 3600 AS hours,
    min(started_at) AS first_call,
    max(started_at) AS last_call,
    (SELECT failed FROM left_out) AS failed,
    (
        SELECT count(*) FROM unreadable WHERE len($names::VARCHAR[]) = 0 AND path NOT IN (SELECT path FROM recording)
    ) AS unreadable,
    (SELECT without_time FROM left_out) AS without_time,
    count(*) FILTER (coalesce(scored, 0) = 0 AND understood IS DISTINCT FROM false) AS without_mood,
    count(upset) AS calls_scored,
    count(*) FILTER (is_likely(upset)) AS upset_calls,
    share_low(upset_calls, calls_scored) AS upset_low,
    share_high(upset_calls, calls_scored) AS upset_high,
    count(*) FILTER (is_likely(pleased)) AS pleased_calls,
    count(*) FILTER (scored > 0 AND mood_change IS NULL) AS not_compared,
    count(*) FILTER (scored > 0 AND upset IS NULL) AS without_upset,
    count(*) FILTER (NOT understood) AS not_understood,
    count(*) FILTER (layout <> 'stereo' AND voices > 1) AS on_one_channel,
    count(*) FILTER (voices = 1) AS one_sided,
    count(*) FILTER (voices IS NULL) AS silent,
    count(*) FILTER (without_agent) AS without_role,
    coalesce(sum(untranscribed_voices_s), 0) AS untranscribed_s,
    sum(untranscribed_voices_s) / nullif(sum(voices_s), 0) AS untranscribed,
    count(*) FILTER (untranscribed_voices_s > 0) AS partly_transcribed,
    coalesce(sum(hold_s), 0) AS hold_s,
    count(*) FILTER (hold_s > 0) AS with_hold,
    count(categories) AS categorized,
    coalesce(sum(corrections), 0)::BIGINT AS corrections,
    list_sort(list_distinct(flatten(list(correctors)))) AS corrected_by,
    max(corrected_at) AS corrected_at,
    count(DISTINCT model_id) AS models,
    count(DISTINCT recogniser) AS recognisers
FROM call
