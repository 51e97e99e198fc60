-- The limits behind figures, each defined once. Texts that explain a figure read them from here.

-- Silences of this many seconds and more are dead air.
CREATE MACRO dead_air_from_s() AS 2::DOUBLE;

-- A call ended worse if its mood fell by at least this much, a fifth of the way from neutral to angry, to below 0.
CREATE MACRO worse_by() AS 0.2::DOUBLE;

-- One row per call and role, and one for all roles together ('all'). Means of mood are weighted by segment length and
-- include uncertain segments, with their probabilities. NULL: nothing of that role was scored there.
CREATE OR REPLACE VIEW call_mood AS
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
    FROM segment_mood
    GROUP BY GROUPING SETS ((recording_id, role), (recording_id))
)
SELECT *,
    mood_end - mood_start AS mood_change,
    -- it fell by at least that much, and ended below 0
    mood_end - mood_start <= -worse_by() AND mood_end < 0 AS ended_worse
FROM part;

-- One row per call: who talked how long and how fast, when nobody did, who interrupted.
--   speech         the time of all segments; overlapping segments of one speaker count once
--   talk ratio     the agent's share of the speech of agent and customer
--   dead air       silences of dead_air_from_s() and more between the first word and the last, hold music included
--   overtalk       time in which two or more speak at once
--   interruption   a speaker begins when another has spoken for at least 0.5 s and continues for at least 0.5 s, and
--                  still speaks when the other has ended; an "mhm" in between is overtalk only. Pauses of less than
--                  1 s don't end what a speaker says
--   monologue      the longest time that the agent speaks without a word from the others
-- Overtalk and interruptions are NULL unless the call is stereo, because two voices at once can't be separated on one
-- channel. wanted is one recording (NULL: all), because DuckDB would not push that condition down to the segments.
CREATE OR REPLACE MACRO talk_of(wanted) AS TABLE
WITH speech AS (
    SELECT recording_id, speaker, role, end_s,
        CASE WHEN trim(text) = '' THEN 0 ELSE len(string_split(trim(text), ' ')) END AS words,
        greatest(start_s, max(end_s) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s, segment
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS start_s
    FROM segment
    WHERE wanted IS NULL OR recording_id = wanted
    QUALIFY end_s > greatest(start_s, max(end_s) OVER (
        PARTITION BY recording_id, speaker ORDER BY start_s, segment
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
), talk AS (
    SELECT recording_id,
        sum(end_s - start_s) AS speech_s,
        coalesce(sum(end_s - start_s) FILTER (role = 'agent'), 0) AS agent_s,
        coalesce(sum(end_s - start_s) FILTER (role = 'customer'), 0) AS customer_s,
        sum(words) FILTER (role = 'agent') AS agent_words,
        sum(words) FILTER (role = 'customer') AS customer_words
    FROM speech GROUP BY recording_id
), edge AS (
    SELECT recording_id, start_s AS at_s, 1 AS step FROM speech
    UNION ALL
    SELECT recording_id, end_s, -1 FROM speech
), stretch AS (
    SELECT recording_id,
        sum(step) OVER (PARTITION BY recording_id ORDER BY at_s, step ROWS UNBOUNDED PRECEDING) AS voices,
        lead(at_s) OVER (PARTITION BY recording_id ORDER BY at_s, step) - at_s AS seconds
    FROM edge
), air AS (
    SELECT recording_id,
        coalesce(sum(seconds) FILTER (voices = 0 AND seconds >= dead_air_from_s()), 0) AS dead_air_s,
        max(seconds) FILTER (voices = 0) AS longest_silence_s,
        coalesce(sum(seconds) FILTER (voices >= 2), 0) AS overtalk_s
    FROM stretch GROUP BY recording_id
), begun AS (
    SELECT *,
        coalesce(start_s - lag(end_s) OVER (PARTITION BY recording_id, speaker ORDER BY start_s) >= 1, true)
            AS after_pause,
        coalesce(speaker <> lag(speaker) OVER (PARTITION BY recording_id ORDER BY start_s, speaker), true)
            AS after_other
    FROM speech
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
    agent_s / nullif(agent_s + customer_s, 0) AS talk_ratio,
    dead_air_s,
    longest_silence_s,
    CASE WHEN layout = 'stereo' THEN overtalk_s END AS overtalk_s,
    CASE WHEN layout = 'stereo' THEN coalesce(interruptions_by_agent, 0) END AS interruptions_by_agent,
    CASE WHEN layout = 'stereo' THEN coalesce(interruptions_by_customer, 0) END AS interruptions_by_customer,
    60 * agent_words / nullif(agent_s, 0) AS agent_words_per_minute,
    60 * customer_words / nullif(customer_s, 0) AS customer_words_per_minute,
    longest_monologue_s
FROM recording
LEFT JOIN talk ON talk.recording_id = recording.id
LEFT JOIN air ON air.recording_id = recording.id
LEFT JOIN interruption ON interruption.recording_id = recording.id
LEFT JOIN monologue ON monologue.recording_id = recording.id
WHERE state = 'done' AND (wanted IS NULL OR recording.id = wanted);
