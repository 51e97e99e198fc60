-- A speaker who is not known to be the agent counted as a customer who was upset or pleased, but not as one in the moods of a
-- call and in who talks how much. Now in all of them. Who interrupts whom, and who talks more, is known only where somebody is
-- known to be the agent.

-- On whose side a speaker is counted.
CREATE MACRO side_of(role) AS CASE role WHEN 'unknown' THEN 'customer' ELSE role END;
CREATE OR REPLACE MACRO is_of(role, wanted) AS wanted = 'all' OR side_of(role) = wanted;

-- As in 020_figures.sql, of sides.
CREATE OR REPLACE MACRO call_talk_of(ids) AS TABLE
WITH spoken AS (
    SELECT recording_id, speaker, side_of(role) AS role, dropped, end_s,
        greatest(start_s, max(end_s) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s, end_s
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS start_s
    FROM talk
    WHERE recording_id IN (SELECT unnest(ids))
    QUALIFY end_s > greatest(start_s, max(end_s) OVER (
        PARTITION BY recording_id, speaker ORDER BY start_s, end_s
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
), shares AS (
    SELECT recording_id,
        count(DISTINCT speaker) AS speakers,
        bool_or(role = 'agent') AS has_agent,
        min(start_s) AS first_s,
        max(end_s) AS last_s,
        sum(end_s - start_s) AS speech_s,
        coalesce(sum(end_s - start_s) FILTER (role = 'agent'), 0) AS agent_s,
        coalesce(sum(end_s - start_s) FILTER (role = 'customer'), 0) AS customer_s,
        sum(end_s - start_s) FILTER (role = 'agent' AND dropped IS NULL) AS agent_worded_s,
        sum(end_s - start_s) FILTER (role = 'customer' AND dropped IS NULL) AS customer_worded_s,
        coalesce(sum(end_s - start_s) FILTER (dropped IS NOT NULL), 0) AS untranscribed_s
    FROM spoken GROUP BY recording_id
), said AS (
    SELECT recording_id,
        sum(words) FILTER (role = 'agent') AS agent_words,
        sum(words) FILTER (role = 'customer') AS customer_words
    FROM (
        SELECT recording_id, side_of(role) AS role,
            CASE WHEN trim(text) = '' THEN 0 ELSE len(string_split(trim(text), ' ')) END AS words
        FROM segments_of(ids)
    )
    GROUP BY recording_id
), held AS (
    SELECT recording_id, start_s, end_s FROM hold WHERE recording_id IN (SELECT unnest(ids))
), edge AS (
    SELECT recording_id, start_s AS at_s, 1 AS step, 0 AS on_hold FROM spoken
    UNION ALL
    SELECT recording_id, end_s, -1, 0 FROM spoken
    UNION ALL
    SELECT recording_id, start_s, 0, 1 FROM held
    UNION ALL
    SELECT recording_id, end_s, 0, -1 FROM held
), stretch AS (
    SELECT recording_id, at_s,
        sum(step) OVER running AS voices,
        sum(on_hold) OVER running AS holds,
        lead(at_s) OVER (PARTITION BY recording_id ORDER BY at_s, step, on_hold) - at_s AS seconds
    FROM edge
    WINDOW running AS (PARTITION BY recording_id ORDER BY at_s, step, on_hold ROWS UNBOUNDED PRECEDING)
), air AS (
    SELECT recording_id,
        coalesce(sum(seconds) FILTER (quiet AND seconds >= dead_air_from_s()), 0) AS dead_air_s,
        max(seconds) FILTER (quiet) AS longest_silence_s,
        coalesce(sum(seconds) FILTER (voices >= 2), 0) AS overtalk_s
    FROM (
        SELECT *, voices = 0 AND holds = 0 AND at_s >= first_s AND at_s < last_s AS quiet
        FROM stretch JOIN shares USING (recording_id)
    )
    GROUP BY recording_id
), waited AS (
    SELECT recording_id, sum(end_s - start_s) AS hold_s FROM held GROUP BY recording_id
), begun AS (
    SELECT *,
        coalesce(start_s - lag(end_s) OVER (PARTITION BY recording_id, speaker ORDER BY start_s) >= 1, true)
            AS after_pause,
        coalesce(speaker <> lag(speaker) OVER (PARTITION BY recording_id ORDER BY start_s, speaker), true)
            AS after_other
    FROM spoken
), counted AS (
    SELECT *,
        count(*) FILTER (after_pause) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s ROWS UNBOUNDED PRECEDING) AS spurt,
        count(*) FILTER (after_other) OVER (
            PARTITION BY recording_id ORDER BY start_s, speaker ROWS UNBOUNDED PRECEDING) AS floor
    FROM begun
), spurt AS (
    SELECT recording_id, speaker, role, spurt, min(start_s) AS start_s, max(end_s) AS end_s
    FROM counted GROUP BY recording_id, speaker, role, spurt
), interruption AS (
    SELECT recording_id,
        count(*) FILTER (role = 'agent') AS interruptions_by_agent,
        count(*) FILTER (role = 'customer') AS interruptions_by_customer
    FROM spurt AS mine
    WHERE EXISTS (
        FROM spurt AS other
        WHERE other.recording_id = mine.recording_id AND other.speaker <> mine.speaker
            AND mine.start_s - other.start_s >= 0.5
            AND other.end_s - mine.start_s >= 0.5
            AND mine.end_s > other.end_s
    )
    GROUP BY recording_id
), monologue AS (
    SELECT recording_id, max(seconds) AS longest_monologue_s
    FROM (
        SELECT recording_id, max(end_s) - min(start_s) AS seconds
        FROM counted WHERE role = 'agent' GROUP BY recording_id, floor
    )
    GROUP BY recording_id
)
SELECT recording.id AS recording_id, duration_s,
    coalesce(speech_s, 0) AS speech_s,
    coalesce(agent_s, 0) AS agent_s,
    coalesce(customer_s, 0) AS customer_s,
    CASE WHEN speakers >= 2 AND has_agent THEN agent_s / nullif(agent_s + customer_s, 0) END AS talk_ratio,
    CASE WHEN speakers >= 2 THEN dead_air_s END AS dead_air_s,
    CASE WHEN speakers >= 2 THEN longest_silence_s END AS longest_silence_s,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN overtalk_s END AS overtalk_s,
    CASE WHEN speakers >= 2 AND layout = 'stereo' AND has_agent THEN coalesce(interruptions_by_agent, 0) END
        AS interruptions_by_agent,
    CASE WHEN speakers >= 2 AND layout = 'stereo' AND has_agent THEN coalesce(interruptions_by_customer, 0) END
        AS interruptions_by_customer,
    CASE WHEN understood IS DISTINCT FROM false THEN 60 * agent_words / nullif(agent_worded_s, 0) END
        AS agent_words_per_minute,
    CASE WHEN understood IS DISTINCT FROM false THEN 60 * customer_words / nullif(customer_worded_s, 0) END
        AS customer_words_per_minute,
    CASE WHEN speakers >= 2 THEN longest_monologue_s END AS longest_monologue_s,
    coalesce(untranscribed_s, 0) AS untranscribed_s,
    coalesce(hold_s, 0) AS hold_s,
    coalesce(speakers, 0) AS speakers
FROM recording
LEFT JOIN shares ON shares.recording_id = recording.id
LEFT JOIN said ON said.recording_id = recording.id
LEFT JOIN air ON air.recording_id = recording.id
LEFT JOIN waited ON waited.recording_id = recording.id
LEFT JOIN interruption ON interruption.recording_id = recording.id
LEFT JOIN monologue ON monologue.recording_id = recording.id
WHERE state = 'done' AND recording.id IN (SELECT unnest(ids));

-- As in 020_figures.sql, of sides.
CREATE OR REPLACE MACRO call_mood_of(ids) AS TABLE
WITH part AS (
    SELECT recording_id, CASE WHEN grouping(role) = 1 THEN 'all' ELSE role END AS role,
        count(mood) AS scored,
        count(*) FILTER (emotion = 'angry') AS angry,
        count(*) FILTER (is_negative(emotion)) AS negative,
        count(*) FILTER (emotion = 'uncertain') AS uncertain,
        sum(mood * seconds) / nullif(sum(seconds) FILTER (mood IS NOT NULL), 0) AS mood,
        sum(mood * seconds) FILTER (quarter = 1)
            / nullif(sum(seconds) FILTER (quarter = 1 AND mood IS NOT NULL), 0) AS mood_start,
        sum(mood * seconds) FILTER (quarter = 2)
            / nullif(sum(seconds) FILTER (quarter = 2 AND mood IS NOT NULL), 0) AS mood_second,
        sum(mood * seconds) FILTER (quarter = 3)
            / nullif(sum(seconds) FILTER (quarter = 3 AND mood IS NOT NULL), 0) AS mood_third,
        sum(mood * seconds) FILTER (quarter = 4)
            / nullif(sum(seconds) FILTER (quarter = 4 AND mood IS NOT NULL), 0) AS mood_end
    FROM (SELECT * REPLACE (side_of(role) AS role) FROM segment_mood_of(ids))
    GROUP BY GROUPING SETS ((recording_id, role), (recording_id))
)
SELECT *,
    mood_end - mood_start AS mood_change,
    -- it fell by at least that much, and ended below 0
    mood_end - mood_start <= -worse_by() AND mood_end < 0 AS ended_worse
FROM part;
