-- What is worked out from the tables: the mood of a segment, of a call, of an agent; who talked how much.

-- Mood: one number from -1 to 1, made from a segment's emotion probabilities. Two conventions are in it:
--   * the weights. Their order is that of pleasant and unpleasant in the circumplex of affect, their distances what
--     the emotions mean on a service call: anger is the worst that a caller can leave with, surprise may be a good
--     or a bad one and counts nothing, calm is a little better than neutral. They are chosen, not measured.
--   * only what a probability has above chance (1/8) counts. A model that doesn't know spreads its doubt over eight
--     labels, four of them negative, and doubt is no displeasure: eight equal probabilities are a mood of 0.
CREATE MACRO above_chance(probability) AS greatest(probability - 0.125, 0) / 0.875;

CREATE MACRO mood(scores) AS CASE WHEN scores IS NOT NULL THEN
      1.0 * above_chance(scores['happy'])
    + 0.2 * above_chance(scores['calm'])
    + 0.0 * above_chance(scores['neutral'])
    + 0.0 * above_chance(scores['surprised'])
    - 0.6 * above_chance(scores['sad'])
    - 0.6 * above_chance(scores['fearful'])
    - 0.8 * above_chance(scores['disgust'])
    - 1.0 * above_chance(scores['angry']) END;

-- The labels that count as negative. 'uncertain' is none of them: a manager forgives a missed mood, no false alarm.
CREATE MACRO is_negative(emotion) AS emotion IN ('angry', 'disgust', 'fearful', 'sad');

-- Half of the 95 % interval of a mean, by Student's t: with few calls it is wide, with one there is none (NULL).
-- Beyond 30 degrees of freedom the quantile is Cornish and Fisher's expansion, right to four decimals.
CREATE MACRO margin(deviation, n) AS CASE WHEN n >= 2 THEN deviation / sqrt(n) * CASE WHEN n <= 31
    THEN ([12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
           2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
           2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423])[(n - 1)::INTEGER]
    ELSE 1.95996 + 2.37227 / (n - 1) + 2.8225 / ((n - 1) * (n - 1)) END END;

-- What reports group calls by: the agent, queue, customer or day, or a column of the side table.
CREATE MACRO group_name(dimension, agent, queue, customer, started_at, metadata) AS coalesce(CASE dimension
    WHEN 'agent' THEN agent
    WHEN 'queue' THEN queue
    WHEN 'customer' THEN customer
    WHEN 'day' THEN strftime(started_at, '%Y-%m-%d')
    ELSE metadata[dimension] END, '(unknown)');

-- The last part of a path, of Windows or not.
CREATE MACRO file_name(path) AS regexp_extract(path, '[^/\\]+$');

-- A segment with its mood (NULL where it is not scored) and the quarter of the call that its middle lies in.
-- Quarters are of the conversation, from the first word to the last: ringing and a late hang-up are not part of it.
CREATE VIEW segment_mood AS
WITH placed AS (
    SELECT *,
        min(start_s) OVER call AS first_s,
        max(end_s) OVER call AS last_s
    FROM segment
    WINDOW call AS (PARTITION BY recording_id)
)
SELECT recording_id, segment, speaker, role, channel, start_s, end_s, end_s - start_s AS seconds, text,
    emotion, confidence, mood(scores) AS mood,
    1 + least(3, coalesce(floor(
        4 * ((start_s + end_s) / 2 - first_s) / nullif(last_s - first_s, 0)), 0))::INTEGER AS quarter
FROM placed;

-- One row a call and role, and one for all roles together ('all'). Means of mood weigh segments by their length;
-- uncertain segments are in them too, as their probabilities are. NULL: nothing of that role was scored there.
CREATE VIEW call_mood AS
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
    -- it fell by a fifth of the way from neutral to angry at least, and ended on the unpleasant side
    mood_end - mood_start <= -0.2 AND mood_end < 0 AS ended_worse
FROM part;

-- One row a call: who talked how long and how fast, when nobody did, who cut in.
--   speech         the time of all segments; one speaker's segments that overlap count once
--   talk ratio     the agent's share of the speech of agent and customer
--   dead air       silences of 2 s and more between the first word and the last; hold music is among them
--   overtalk       time in which two or more speak at once
--   interruption   one begins when another has spoken for 0.5 s at least and goes on for 0.5 s at least, and still
--                  speaks when the other has ended; an "mhm" in between is overtalk only. A speaker's pauses of
--                  less than 1 s don't end his stretch
--   monologue      the longest time that the agent speaks without a word of the others
-- Overtalk and interruptions are NULL but on stereo: on one channel two voices at once can't be told apart.
-- Of one recording only, if it is named (NULL: all): DuckDB would not carry that condition down to the segments.
CREATE MACRO talk_of(wanted) AS TABLE
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
        coalesce(sum(seconds) FILTER (voices = 0 AND seconds >= 2), 0) AS dead_air_s,
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

CREATE VIEW call_talk AS FROM talk_of(NULL);

-- One row a call that is done.
CREATE VIEW call_summary AS
SELECT recording.id AS recording_id, path, agent, customer, call_id, queue, started_at, metadata, layout,
    model_id, call_talk.* EXCLUDE (recording_id),
    caller.scored AS customer_scored, caller.angry AS customer_angry, caller.negative AS customer_negative,
    caller.uncertain AS customer_uncertain, caller.mood AS customer_mood, caller.mood_start AS customer_mood_start,
    caller.mood_end AS customer_mood_end, caller.mood_change AS customer_mood_change, caller.ended_worse,
    callee.scored AS agent_scored, callee.angry AS agent_angry, callee.negative AS agent_negative,
    callee.uncertain AS agent_uncertain, callee.mood AS agent_mood
FROM recording
JOIN call_talk ON call_talk.recording_id = recording.id
LEFT JOIN call_mood AS caller ON caller.recording_id = recording.id AND caller.role = 'customer'
LEFT JOIN call_mood AS callee ON callee.recording_id = recording.id AND callee.role = 'agent';

-- One row an agent; calls whose agent nobody knows are in one row too. Means are over calls, each counting the
-- same; shares are of the customers' scored segments. A margin is half of the 95 % interval of its mean.
CREATE VIEW agent_summary AS
SELECT coalesce(agent, '(unknown)') AS agent,
    count(*) AS calls,
    sum(duration_s) / 3600 AS hours,
    avg(talk_ratio) AS talk_ratio,
    avg(dead_air_s / nullif(duration_s, 0)) AS dead_air,
    avg(overtalk_s / nullif(duration_s, 0)) AS overtalk,
    avg(interruptions_by_agent) AS interruptions_by_agent,
    avg(interruptions_by_customer) AS interruptions_by_customer,
    avg(agent_words_per_minute) AS words_per_minute,
    avg(customer_mood_start) FILTER (customer_mood_change IS NOT NULL) AS mood_start,
    avg(customer_mood_end) FILTER (customer_mood_change IS NOT NULL) AS mood_end,
    avg(customer_mood_change) AS mood_change,
    margin(stddev_samp(customer_mood_change), count(customer_mood_change)) AS mood_change_margin,
    sum(customer_angry) / nullif(sum(customer_scored), 0) AS angry,
    sum(customer_negative) / nullif(sum(customer_scored), 0) AS negative,
    sum(customer_uncertain) / nullif(sum(customer_scored), 0) AS uncertain,
    count(*) FILTER (ended_worse) AS ended_worse
FROM call_summary
GROUP BY ALL;
