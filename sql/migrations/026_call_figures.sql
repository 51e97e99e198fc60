-- What reports on many calls read stands in one table, call by call, so that they join nothing: with half a million calls each
-- join takes longer than all the rest.

-- Of each call the figures of each side, 'agent', 'customer' and 'all', with what the call is chosen and grouped by.
CREATE MACRO call_figures_of(ids) AS TABLE
WITH roled AS (
    SELECT recording_id, bool_or(role = 'unknown') AND NOT bool_or(role = 'agent') AS without_agent
    FROM speaker WHERE recording_id IN (SELECT unnest(ids)) GROUP BY recording_id
), found AS (
    SELECT recording_id,
        list({'category': category, 'segments': segments, 'from_s': from_s} ORDER BY category) AS categories
    FROM call_category WHERE recording_id IN (SELECT unnest(ids)) GROUP BY recording_id
), known AS (
    SELECT DISTINCT recording_id FROM categorized WHERE recording_id IN (SELECT unnest(ids))
)
SELECT recording.id AS recording_id, side.role,
    path, agent, customer, queue, started_at, metadata, language, understood, layout, model_id,
    recogniser,
    coalesce(without_agent, false) AS without_agent,
    talk.duration_s, talk.speech_s, talk_ratio, dead_air_s, longest_silence_s, overtalk_s,
    interruptions_by_agent, interruptions_by_customer, agent_words_per_minute, longest_monologue_s,
    talk.untranscribed_s, hold_s,
    span.speakers AS voices, span.speech_s AS voices_s, span.untranscribed_s AS untranscribed_voices_s,
    corrections, correctors, corrected_at,
    scored, angry, negative, uncertain, mood.mood,
    mood_start, mood_second, mood_third, mood_end, mood_change, ended_worse,
    felt.upset, upset_from_s, pleased, pleased_from_s,
    worst.upset AS worst_upset, worst.seconds AS worst_seconds, worst.start_s AS worst_start_s,
    CASE WHEN known.recording_id IS NOT NULL THEN coalesce(categories, []) END AS categories
FROM (FROM recording WHERE id IN (SELECT unnest(ids)) AND state = 'done') AS recording
CROSS JOIN (SELECT unnest(['agent', 'customer', 'all']) AS role) AS side
JOIN (FROM call_talk WHERE recording_id IN (SELECT unnest(ids))) AS talk ON talk.recording_id = recording.id
JOIN (FROM call_span WHERE recording_id IN (SELECT unnest(ids))) AS span ON span.recording_id = recording.id
LEFT JOIN (FROM call_mood WHERE recording_id IN (SELECT unnest(ids))) AS mood
    ON mood.recording_id = recording.id AND mood.role = side.role
LEFT JOIN (FROM call_upset WHERE recording_id IN (SELECT unnest(ids))) AS felt
    ON felt.recording_id = recording.id AND felt.role = side.role
LEFT JOIN (FROM call_moment WHERE recording_id IN (SELECT unnest(ids))) AS worst
    ON worst.recording_id = recording.id AND worst.role = side.role
LEFT JOIN roled ON roled.recording_id = recording.id
LEFT JOIN known ON known.recording_id = recording.id
LEFT JOIN found ON found.recording_id = recording.id
LEFT JOIN (SELECT id AS transcribed_in, models->>'asr' AS recogniser FROM scan) USING (transcribed_in);

CREATE TABLE call_figures AS FROM call_figures_of([]::VARCHAR[]);

-- As in 025_names_once.sql; each name is compared once here, too.
CREATE OR REPLACE MACRO not_named(dimensions, names) AS TABLE
WITH wanted AS (
    SELECT unnest(dimensions::VARCHAR[]) AS dimension, unnest(names::VARCHAR[]) AS name
), given AS (
    SELECT id, dimension, name, group_name(dimension, agent, queue, customer, started_at, metadata) AS given
    FROM recording, wanted
), others AS (
    SELECT dimension, given FROM (SELECT DISTINCT dimension, name, given FROM given) WHERE name_key(name) <> name_key(given)
)
SELECT DISTINCT id AS recording_id FROM given SEMI JOIN others USING (dimension, given);
COMMENT ON MACRO TABLE not_named IS 'The recordings that have not all of the names: names[i] in dimensions[i]';
