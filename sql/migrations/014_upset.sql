-- Upset and pleased: of each segment, with its neighbours as evidence, and of each speaker over the call. What speaks for
-- it. All NULL in calls that an older callmood scored.
ALTER TABLE segment ADD COLUMN upset FLOAT;
ALTER TABLE segment ADD COLUMN pleased FLOAT;
ALTER TABLE segment ADD COLUMN evidence VARCHAR;
ALTER TABLE speaker ADD COLUMN upset FLOAT;
ALTER TABLE speaker ADD COLUMN upset_from_s DOUBLE;
ALTER TABLE speaker ADD COLUMN pleased FLOAT;
ALTER TABLE speaker ADD COLUMN pleased_from_s DOUBLE;

-- From this probability on somebody counts as upset, or as pleased.
CREATE MACRO likely_from() AS 0.5::DOUBLE;
CREATE MACRO is_likely(probability) AS probability >= likely_from();

-- The labels as they are shown: calm and neutral tell a manager nothing apart.
CREATE MACRO shown_label(label) AS CASE label WHEN 'calm' THEN 'neutral' ELSE label END;

-- The probabilities of a segment that a person may have given a label, which beats the model.
CREATE MACRO corrected_upset(label, upset) AS CASE WHEN label IS NULL THEN upset ELSE is_negative(label)::INTEGER END;
CREATE MACRO corrected_pleased(label, pleased) AS
    CASE WHEN label IS NULL THEN pleased ELSE (label = 'happy')::INTEGER END;

-- Whether a speaker of this role is one of those whom a report on upset and pleased is about. Who is not known to be the
-- agent may be the customer.
CREATE MACRO is_of(role, wanted) AS wanted = 'all' OR role = wanted OR (wanted = 'customer' AND role = 'unknown');

-- What speaks for several segments together.
CREATE MACRO joint_evidence(evidence) AS CASE
    WHEN bool_or(evidence = 'correction') THEN 'correction'
    WHEN bool_or(evidence = 'both') OR (bool_or(evidence = 'voice') AND bool_or(evidence = 'words')) THEN 'both'
    ELSE any_value(evidence) END;

-- The 95 % interval of a share, k of n, by Wilson: unlike that of a mean it stays within 0 and 1, and 0 of 5 is not
-- surely 0. NULL with fewer than five, as margin is.
CREATE MACRO share_low(k, n) AS CASE WHEN n >= 5 THEN
    greatest(0, (k + 1.92073 - 1.95996 * sqrt(k * (n - k) / n + 0.96036)) / (n + 3.84146)) END;
CREATE MACRO share_high(k, n) AS CASE WHEN n >= 5 THEN
    least(1, (k + 1.92073 + 1.95996 * sqrt(k * (n - k) / n + 0.96036)) / (n + 3.84146)) END;

-- A segment with its moods and its quarter of the conversation. What a person corrected beats the model. All of them are
-- NULL where the segment was not scored or the call was not understood.
CREATE OR REPLACE VIEW segment_mood AS
WITH placed AS (
    SELECT *,
        min(start_s) OVER call AS first_s,
        max(end_s) OVER call AS last_s
    FROM segment
    WINDOW call AS (PARTITION BY recording_id)
), judged AS (
    SELECT recording_id, segment, speaker, placed.role, placed.channel, start_s, end_s, placed.text, first_s, last_s,
        coalesce(label, emotion) AS emotion,
        CASE WHEN label IS NULL THEN confidence ELSE 1 END AS confidence,
        CASE WHEN label IS NULL THEN mood(scores) ELSE mood(MAP {shown_label(label): 1}) END AS mood,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased,
        CASE WHEN label IS NULL THEN evidence ELSE 'correction' END AS evidence
    FROM placed
    LEFT JOIN correction USING (recording_id, speaker, start_s, end_s)
)
SELECT recording_id, segment, speaker, role, channel, start_s, end_s, end_s - start_s AS seconds, text,
    CASE WHEN understood IS DISTINCT FROM false THEN shown_label(emotion) END AS emotion,
    CASE WHEN understood IS DISTINCT FROM false THEN confidence END AS confidence,
    CASE WHEN understood IS DISTINCT FROM false THEN mood END AS mood,
    CASE WHEN understood IS DISTINCT FROM false THEN upset END AS upset,
    CASE WHEN understood IS DISTINCT FROM false THEN pleased END AS pleased,
    CASE WHEN understood IS DISTINCT FROM false THEN evidence END AS evidence,
    1 + least(3, coalesce(floor(
        4 * ((start_s + end_s) / 2 - first_s) / nullif(last_s - first_s, 0)), 0))::INTEGER AS quarter
FROM judged
JOIN recording ON recording.id = recording_id;

-- The probabilities of segments as columns, because many tools show a MAP as one opaque value. Where segment_mood has no
-- emotion there are none either.
CREATE OR REPLACE VIEW segment_scores AS
SELECT segment_mood.*,
    map_extract(shown.scores, 'angry')[1] AS angry,
    map_extract(shown.scores, 'calm')[1] AS calm,
    map_extract(shown.scores, 'disgust')[1] AS disgust,
    map_extract(shown.scores, 'fearful')[1] AS fearful,
    map_extract(shown.scores, 'happy')[1] AS happy,
    map_extract(shown.scores, 'neutral')[1] AS neutral,
    map_extract(shown.scores, 'sad')[1] AS sad,
    map_extract(shown.scores, 'surprised')[1] AS surprised,
    shown.raw_emotion,
    map_extract(shown.raw_scores, 'angry')[1] AS raw_angry,
    map_extract(shown.raw_scores, 'calm')[1] AS raw_calm,
    map_extract(shown.raw_scores, 'disgust')[1] AS raw_disgust,
    map_extract(shown.raw_scores, 'fearful')[1] AS raw_fearful,
    map_extract(shown.raw_scores, 'happy')[1] AS raw_happy,
    map_extract(shown.raw_scores, 'neutral')[1] AS raw_neutral,
    map_extract(shown.raw_scores, 'sad')[1] AS raw_sad,
    map_extract(shown.raw_scores, 'surprised')[1] AS raw_surprised
FROM segment_mood
LEFT JOIN segment AS shown
    ON shown.recording_id = segment_mood.recording_id
    AND shown.segment = segment_mood.segment
    AND segment_mood.emotion IS NOT NULL;

-- Whether the speakers of calls got upset or pleased, and when. Of those with corrected segments it follows from the
-- segments: what the model says of the whole call rests on the ones that it got wrong, too. NULL where nothing was scored
-- or the call was not understood.
CREATE VIEW speaker_mood AS
WITH felt AS (
    SELECT recording_id, speaker, start_s, label,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased
    FROM segment
    SEMI JOIN correction AS touched USING (recording_id, speaker)
    LEFT JOIN correction USING (recording_id, speaker, start_s, end_s)
), corrected AS (
    SELECT recording_id, speaker,
        max(upset) AS upset, min(start_s) FILTER (is_likely(upset)) AS upset_from_s,
        max(pleased) AS pleased, min(start_s) FILTER (is_likely(pleased)) AS pleased_from_s
    FROM felt
    GROUP BY recording_id, speaker
    HAVING count(label) > 0
), judged AS (
    SELECT speaker.recording_id, speaker.speaker, speaker.role,
        speaker.upset IS NOT NULL AS is_scored,
        corrected.speaker IS NOT NULL AS is_corrected,
        CASE WHEN is_corrected THEN corrected.upset ELSE speaker.upset END AS upset,
        CASE WHEN is_corrected THEN corrected.upset_from_s ELSE speaker.upset_from_s END AS upset_from_s,
        CASE WHEN is_corrected THEN corrected.pleased ELSE speaker.pleased END AS pleased,
        CASE WHEN is_corrected THEN corrected.pleased_from_s ELSE speaker.pleased_from_s END AS pleased_from_s
    FROM speaker
    LEFT JOIN corrected ON corrected.recording_id = speaker.recording_id AND corrected.speaker = speaker.speaker
)
SELECT recording_id, speaker, role,
    -- that the corrected segments are even says nothing of others that were never scored
    CASE WHEN understood IS DISTINCT FROM false AND (is_scored OR is_likely(upset)) THEN upset END AS upset,
    CASE WHEN understood IS DISTINCT FROM false THEN upset_from_s END AS upset_from_s,
    CASE WHEN understood IS DISTINCT FROM false AND (is_scored OR is_likely(pleased)) THEN pleased END AS pleased,
    CASE WHEN understood IS DISTINCT FROM false THEN pleased_from_s END AS pleased_from_s
FROM judged
JOIN recording ON recording.id = recording_id;

-- One row per call and side: 'agent', 'customer' (with those whose role is not known) and 'all'.
CREATE VIEW call_upset AS
SELECT recording_id, side.role,
    max(upset) AS upset,
    min(upset_from_s) FILTER (is_likely(upset)) AS upset_from_s,
    max(pleased) AS pleased,
    min(pleased_from_s) FILTER (is_likely(pleased)) AS pleased_from_s
FROM speaker_mood
JOIN (SELECT unnest(['agent', 'customer', 'all']) AS role) AS side ON is_of(speaker_mood.role, side.role)
GROUP BY recording_id, side.role;

-- One row per call that was scanned.
CREATE OR REPLACE VIEW call_summary AS
SELECT recording.id AS recording_id, path, agent, customer, call_id, queue, started_at, metadata, layout,
    model_id, language, understood, call_talk.* EXCLUDE (recording_id),
    customers.upset AS customer_upset, customers.upset_from_s AS customer_upset_from_s,
    customers.pleased AS customer_pleased, customers.pleased_from_s AS customer_pleased_from_s,
    caller.scored AS customer_scored, caller.angry AS customer_angry, caller.negative AS customer_negative,
    caller.uncertain AS customer_uncertain, caller.mood AS customer_mood, caller.mood_start AS customer_mood_start,
    caller.mood_end AS customer_mood_end, caller.mood_change AS customer_mood_change, caller.ended_worse,
    agents.upset AS agent_upset, agents.upset_from_s AS agent_upset_from_s,
    agents.pleased AS agent_pleased, agents.pleased_from_s AS agent_pleased_from_s,
    callee.scored AS agent_scored, callee.angry AS agent_angry, callee.negative AS agent_negative,
    callee.uncertain AS agent_uncertain, callee.mood AS agent_mood
FROM recording
JOIN call_talk ON call_talk.recording_id = recording.id
LEFT JOIN call_mood AS caller ON caller.recording_id = recording.id AND caller.role = 'customer'
LEFT JOIN call_mood AS callee ON callee.recording_id = recording.id AND callee.role = 'agent'
LEFT JOIN call_upset AS customers ON customers.recording_id = recording.id AND customers.role = 'customer'
LEFT JOIN call_upset AS agents ON agents.recording_id = recording.id AND agents.role = 'agent';

-- One row per agent; calls whose agent is unknown are in one row too. Means are over calls, each with the same weight;
-- angry, negative and uncertain are shares of the customers' scored segments, upset and pleased of the scored calls.
-- A margin is half of the 95 % interval of its mean; upset_low and upset_high are the 95 % interval of upset.
CREATE OR REPLACE VIEW agent_summary AS
SELECT any_value(name) AS agent,
    count(*) AS calls,
    sum(duration_s) / 3600 AS hours,
    avg(talk_ratio) AS talk_ratio,
    avg(dead_air_s / nullif(duration_s, 0)) AS dead_air,
    avg(overtalk_s / nullif(duration_s, 0)) AS overtalk,
    avg(interruptions_by_agent) AS interruptions_by_agent,
    avg(interruptions_by_customer) AS interruptions_by_customer,
    avg(agent_words_per_minute) AS words_per_minute,
    count(customer_upset) AS calls_scored,
    count(*) FILTER (is_likely(customer_upset)) AS upset_calls,
    avg(is_likely(customer_upset)::INTEGER) AS upset,
    share_low(count(*) FILTER (is_likely(customer_upset)), count(customer_upset)) AS upset_low,
    share_high(count(*) FILTER (is_likely(customer_upset)), count(customer_upset)) AS upset_high,
    count(*) FILTER (is_likely(customer_pleased)) AS pleased_calls,
    avg(is_likely(customer_pleased)::INTEGER) AS pleased,
    avg(customer_mood_start) FILTER (customer_mood_change IS NOT NULL) AS mood_start,
    avg(customer_mood_end) FILTER (customer_mood_change IS NOT NULL) AS mood_end,
    avg(customer_mood_change) AS mood_change,
    margin(stddev_samp(customer_mood_change), count(customer_mood_change)) AS mood_change_margin,
    sum(customer_angry) / nullif(sum(customer_scored), 0) AS angry,
    sum(customer_negative) / nullif(sum(customer_scored), 0) AS negative,
    sum(customer_uncertain) / nullif(sum(customer_scored), 0) AS uncertain,
    count(*) FILTER (ended_worse) AS ended_worse
FROM call_summary
JOIN spellings('agent') AS spelling ON spelling.key = name_key(coalesce(agent, '(unknown)'))
GROUP BY spelling.key;
