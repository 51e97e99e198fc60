-- What does a report cover, and what does it leave out?
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $role        whose mood: 'customer', 'agent', or 'all' for every voice on the call
--   $since, $until   start of the call, the second excluded; NULL: no bound
WITH named AS (
    SELECT *,
        ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
            AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP) AS in_time
    FROM recording
    WHERE in_time IS DISTINCT FROM false
        AND recording.id NOT IN (FROM not_named($dimensions, $names))
), scored AS (
    SELECT recording_id, scored, mood_change FROM call_mood WHERE role = $role
), felt AS (
    SELECT recording_id, upset, pleased FROM call_upset WHERE role = $role
), unknown AS (
    SELECT DISTINCT recording_id FROM speaker WHERE role = 'unknown'
), of_nobody AS (
    FROM unknown
    WHERE recording_id NOT IN (SELECT recording_id FROM speaker SEMI JOIN unknown USING (recording_id) WHERE role = 'agent')
), waited AS (
    SELECT recording_id, sum(end_s - start_s) AS hold_s FROM hold GROUP BY recording_id
), transcription AS (
    SELECT id AS transcribed_in, models->>'asr' AS recogniser FROM scan
)
SELECT
    count(*) FILTER (state = 'done' AND in_time) AS calls,
    sum(duration_s) FILTER (state = 'done' AND in_time) / 3600 AS hours,
    min(started_at) FILTER (state = 'done' AND in_time) AS first_call,
    max(started_at) FILTER (state = 'done' AND in_time) AS last_call,
    count(*) FILTER (state = 'failed' AND in_time IS DISTINCT FROM false) AS failed,
    (
        SELECT count(*) FROM unreadable WHERE len($names::VARCHAR[]) = 0 AND path NOT IN (SELECT path FROM recording)
    ) AS unreadable,
    count(*) FILTER (state = 'done' AND in_time IS NULL) AS without_time,
    count(*) FILTER (state = 'done' AND in_time AND coalesce(scored, 0) = 0 AND understood IS DISTINCT FROM false)
        AS without_mood,
    count(*) FILTER (state = 'done' AND in_time AND upset IS NOT NULL) AS calls_scored,
    count(*) FILTER (state = 'done' AND in_time AND is_likely(upset)) AS upset_calls,
    share_low(upset_calls, calls_scored) AS upset_low,
    share_high(upset_calls, calls_scored) AS upset_high,
    count(*) FILTER (state = 'done' AND in_time AND is_likely(pleased)) AS pleased_calls,
    count(*) FILTER (state = 'done' AND in_time AND scored > 0 AND mood_change IS NULL) AS not_compared,
    count(*) FILTER (state = 'done' AND in_time AND scored > 0 AND upset IS NULL) AS without_upset,
    count(*) FILTER (state = 'done' AND in_time AND NOT understood) AS not_understood,
    count(*) FILTER (state = 'done' AND in_time AND layout <> 'stereo' AND speakers > 1) AS on_one_channel,
    count(*) FILTER (state = 'done' AND in_time AND speakers = 1) AS one_sided,
    count(*) FILTER (state = 'done' AND in_time AND speakers IS NULL) AS silent,
    count(*) FILTER (state = 'done' AND in_time AND id IN (FROM of_nobody)) AS without_role,
    coalesce(sum(untranscribed_s) FILTER (state = 'done' AND in_time), 0) AS untranscribed_s,
    sum(untranscribed_s) FILTER (state = 'done' AND in_time)
        / nullif(sum(speech_s) FILTER (state = 'done' AND in_time), 0) AS untranscribed,
    count(*) FILTER (state = 'done' AND in_time AND untranscribed_s > 0) AS partly_transcribed,
    coalesce(sum(hold_s) FILTER (state = 'done' AND in_time), 0) AS hold_s,
    count(*) FILTER (state = 'done' AND in_time AND hold_s > 0) AS with_hold,
    count(*) FILTER (state = 'done' AND in_time AND id IN (SELECT recording_id FROM categorized)) AS categorized,
    coalesce(sum(corrections) FILTER (state = 'done' AND in_time), 0)::BIGINT AS corrections,
    list_sort(list_distinct(flatten(list(correctors) FILTER (state = 'done' AND in_time)))) AS corrected_by,
    max(call_span.corrected_at) FILTER (state = 'done' AND in_time) AS corrected_at,
    count(DISTINCT model_id) FILTER (state = 'done' AND in_time) AS models,
    count(DISTINCT recogniser) FILTER (state = 'done' AND in_time) AS recognisers
FROM named
LEFT JOIN scored ON scored.recording_id = named.id
LEFT JOIN felt ON felt.recording_id = named.id
LEFT JOIN call_span ON call_span.recording_id = named.id
LEFT JOIN waited ON waited.recording_id = named.id
LEFT JOIN transcription USING (transcribed_in)
