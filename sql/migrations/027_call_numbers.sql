-- Each call has a number, in the order of storing, that stands beside its id in all its rows. Ids are hashes, in no order, so
-- that a question about a few calls would compare those of all; rows lie in the order of storing, so that by their numbers
-- DuckDB reads only the blocks that hold these calls. Ids still decide: rows of other programs, archives and several
-- databases read as one have the number 0.

ALTER TABLE recording ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE speaker ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE segment ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE word ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE speech ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE hold ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE segment_vectors ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE segment_category ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE categorized ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE audio_vectors ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE text_vectors ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_span ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_talk ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_mood ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_upset ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_moment ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_category ADD COLUMN call_number INTEGER DEFAULT 0;
ALTER TABLE call_figures ADD COLUMN call_number INTEGER DEFAULT 0;

CREATE TEMP TABLE numbered AS
SELECT id, row_number() OVER (ORDER BY place NULLS LAST, recording.rowid)::INTEGER AS number
FROM recording
LEFT JOIN (SELECT recording_id, min(rowid) AS place FROM segment GROUP BY recording_id) AS stored ON recording_id = id;

UPDATE recording SET call_number = number FROM numbered WHERE numbered.id = recording.id;
UPDATE speaker SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE segment SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE word SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE speech SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE hold SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE segment_vectors SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE segment_category SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE categorized SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE audio_vectors SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE text_vectors SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_span SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_talk SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_mood SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_upset SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_moment SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_category SET call_number = number FROM numbered WHERE id = recording_id;
UPDATE call_figures SET call_number = number FROM numbered WHERE id = recording_id;

DROP TABLE numbered;

-- Calls, by the ids of their recordings.
CREATE MACRO calls_of(ids) AS TABLE
SELECT id AS recording_id, call_number FROM recording WHERE id IN (SELECT unnest(ids));

-- The rows of some calls. calls, as in the macros below, is the name of a table or subquery with their recording_id and
-- call_number.
CREATE MACRO rows_of(relation, calls) AS TABLE
SELECT * FROM query_table(relation)
WHERE call_number IN (SELECT call_number FROM query_table(calls))
    AND recording_id IN (SELECT recording_id FROM query_table(calls));

CREATE MACRO recordings_of(calls) AS TABLE
SELECT * FROM recording
WHERE call_number IN (SELECT call_number FROM query_table(calls))
    AND id IN (SELECT recording_id FROM query_table(calls));

CREATE OR REPLACE MACRO segments_of(calls) AS TABLE FROM rows_of('segment', calls);

-- Who is heard when on some calls, as in the view talk.
CREATE MACRO talk_of(calls) AS TABLE
SELECT speech.recording_id, speech.speaker, role, start_s, end_s, dropped
FROM rows_of('speech', calls) AS speech
JOIN rows_of('speaker', calls) AS speaker ON speaker.recording_id = speech.recording_id AND speaker.speaker = speech.speaker;

-- As in 020_figures.sql.
CREATE OR REPLACE MACRO call_span_of(calls) AS TABLE
WITH spoken AS (
    SELECT recording_id, min(start_s) AS first_s, max(end_s) AS last_s FROM segments_of(calls) GROUP BY recording_id
), heard AS (
    SELECT recording_id,
        count(DISTINCT speaker) AS speakers,
        sum(end_s - start_s) AS speech_s,
        sum(end_s - start_s) FILTER (dropped IS NOT NULL) AS untranscribed_s
    FROM talk_of(calls)
    GROUP BY recording_id
), corrected AS (
    SELECT recording_id,
        count(*) AS corrections, list(corrected_by ORDER BY corrected_by) AS correctors, max(corrected_at) AS corrected_at
    FROM correction SEMI JOIN segments_of(calls) AS there USING (recording_id, speaker, start_s, end_s)
    GROUP BY recording_id
)
SELECT recording.id AS recording_id, first_s, last_s, speakers, speech_s, untranscribed_s,
    corrections, correctors, corrected_at
FROM recordings_of(calls) AS recording
LEFT JOIN spoken ON spoken.recording_id = recording.id
LEFT JOIN heard ON heard.recording_id = recording.id
LEFT JOIN corrected ON corrected.recording_id = recording.id
WHERE state = 'done';

-- As in 020_figures.sql, of the segments, spans and recordings in relations of these names. In brackets, because DuckDB 1.1
-- would lose the aliases.
CREATE MACRO moods_in(segments, spans, recordings) AS TABLE
WITH judged AS (
    SELECT recording_id, segment, coalesce(heard.said_by, speaker) AS speaker, coalesce(heard.role, placed.role) AS role,
        placed.channel, start_s, end_s, coalesce(heard.text, placed.text) AS text, first_s, last_s,
        coalesce(label, emotion) AS emotion,
        CASE WHEN label IS NULL THEN confidence ELSE 1 END AS confidence,
        CASE WHEN label IS NULL THEN mood(scores) ELSE mood(MAP {shown_label(label): 1}) END AS mood,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased,
        CASE WHEN label IS NULL THEN evidence ELSE 'correction' END AS evidence
    FROM (FROM query_table(segments)) AS placed
    LEFT JOIN (FROM query_table(spans)) AS span USING (recording_id)
    LEFT JOIN correction USING (recording_id, speaker, start_s, end_s)
    LEFT JOIN heard USING (recording_id, speaker, start_s, end_s)
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
JOIN (FROM query_table(recordings)) AS recording ON recording.id = recording_id;

CREATE OR REPLACE VIEW segment_mood AS FROM moods_in('segment', 'call_span', 'recording');
DROP MACRO TABLE segment_moods;

CREATE OR REPLACE MACRO segment_mood_of(calls) AS TABLE
WITH said AS (
    FROM segments_of(calls)
), lasting AS (
    FROM rows_of('call_span', calls)
), recorded AS (
    FROM recordings_of(calls)
)
FROM moods_in('said', 'lasting', 'recorded');

-- As in 024_unknown_roles.sql.
CREATE OR REPLACE MACRO call_talk_of(calls) AS TABLE
WITH spoken AS (
    SELECT recording_id, speaker, side_of(role) AS role, dropped, end_s,
        greatest(start_s, max(end_s) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s, end_s
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS start_s
    FROM talk_of(calls)
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
        FROM segments_of(calls)
    )
    GROUP BY recording_id
), held AS (
    SELECT recording_id, start_s, end_s FROM rows_of('hold', calls)
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
FROM recordings_of(calls) AS recording
LEFT JOIN shares ON shares.recording_id = recording.id
LEFT JOIN said ON said.recording_id = recording.id
LEFT JOIN air ON air.recording_id = recording.id
LEFT JOIN waited ON waited.recording_id = recording.id
LEFT JOIN interruption ON interruption.recording_id = recording.id
LEFT JOIN monologue ON monologue.recording_id = recording.id
WHERE state = 'done';

CREATE OR REPLACE MACRO call_mood_of(calls) AS TABLE
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
    FROM (SELECT * REPLACE (side_of(role) AS role) FROM segment_mood_of(calls))
    GROUP BY GROUPING SETS ((recording_id, role), (recording_id))
)
SELECT *,
    mood_end - mood_start AS mood_change,
    -- it fell by at least that much, and ended below 0
    mood_end - mood_start <= -worse_by() AND mood_end < 0 AS ended_worse
FROM part;

-- As in 020_figures.sql.
CREATE OR REPLACE MACRO speaker_mood_of(calls) AS TABLE
WITH felt AS (
    SELECT recording_id, speaker, start_s, label,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased
    FROM segments_of(calls)
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
    FROM rows_of('speaker', calls) AS speaker
    LEFT JOIN corrected ON corrected.recording_id = speaker.recording_id AND corrected.speaker = speaker.speaker
)
SELECT recording_id, speaker, role,
    -- that the corrected segments are even says nothing of others that were never scored
    CASE WHEN understood IS DISTINCT FROM false AND (is_scored OR is_likely(upset)) THEN upset END AS upset,
    CASE WHEN understood IS DISTINCT FROM false THEN upset_from_s END AS upset_from_s,
    CASE WHEN understood IS DISTINCT FROM false AND (is_scored OR is_likely(pleased)) THEN pleased END AS pleased,
    CASE WHEN understood IS DISTINCT FROM false THEN pleased_from_s END AS pleased_from_s
FROM judged
JOIN recordings_of(calls) AS recording ON recording.id = recording_id;

CREATE OR REPLACE VIEW speaker_mood AS
WITH every_call AS (
    SELECT id AS recording_id, call_number FROM recording
)
FROM speaker_mood_of('every_call');

CREATE OR REPLACE MACRO call_upset_of(calls) AS TABLE
SELECT recording_id, side.role,
    max(upset) AS upset,
    min(upset_from_s) FILTER (is_likely(upset)) AS upset_from_s,
    max(pleased) AS pleased,
    min(pleased_from_s) FILTER (is_likely(pleased)) AS pleased_from_s
FROM speaker_mood_of(calls) AS speaker_mood
JOIN (SELECT unnest(['agent', 'customer', 'all']) AS role) AS side ON is_of(speaker_mood.role, side.role)
GROUP BY recording_id, side.role;

CREATE OR REPLACE MACRO moments_of(calls, sides) AS TABLE
WITH mark AS (
    SELECT recording_id, speaker, start_s, end_s, label, corrected_by, corrected_at FROM correction
), placed AS (
    SELECT *,
        is_likely(upset) AND NOT coalesce(
            lag(is_likely(upset)) OVER (PARTITION BY side, recording_id, speaker ORDER BY start_s, segment), false)
            AS begins
    FROM segment_mood_of(calls)
    JOIN (SELECT unnest(sides) AS side) ON is_of(role, side)
    LEFT JOIN mark USING (recording_id, speaker, start_s, end_s)
), counted AS (
    SELECT *,
        count(*) FILTER (begins) OVER (
            PARTITION BY side, recording_id, speaker ORDER BY start_s, segment ROWS UNBOUNDED PRECEDING) AS number
    FROM placed
), moment AS (
    SELECT side, recording_id, any_value(role) AS role,
        min(start_s) AS start_s,
        max(end_s) AS end_s,
        max(upset) AS upset,
        arg_max(corrected_by, corrected_at) AS corrected_by,
        max(corrected_at) AS corrected_at,
        joint_evidence(CASE WHEN emotion NOT IN ('happy', 'surprised') THEN evidence END) AS evidence,
        first({'said_s': start_s, 'emotion': emotion, 'confidence': confidence, 'mood': mood, 'text': text}
            ORDER BY text = '', is_negative(emotion) DESC, mood * confidence, start_s) AS worst
    FROM counted
    WHERE is_likely(upset)
    GROUP BY side, recording_id, speaker, number
)
SELECT side, recording_id, role, start_s, end_s, upset, evidence, worst, corrected_by, corrected_at FROM moment;

CREATE OR REPLACE MACRO call_moment_of(calls) AS TABLE
SELECT recording_id, side AS role, round(upset, 2) AS upset, end_s - start_s AS seconds, start_s
FROM moments_of(calls, ['customer', 'agent', 'all'])
QUALIFY row_number() OVER (PARTITION BY recording_id, side ORDER BY round(upset, 2) DESC, end_s - start_s DESC, start_s) = 1;

CREATE OR REPLACE MACRO call_category_of(calls) AS TABLE
SELECT segment_category.recording_id, category, count(*) AS segments, min(start_s) AS from_s
FROM rows_of('segment_category', calls) AS segment_category
JOIN segments_of(calls) AS said ON said.recording_id = segment_category.recording_id AND said.segment = segment_category.segment
GROUP BY segment_category.recording_id, category;

-- As in 026_call_figures.sql.
CREATE OR REPLACE MACRO call_figures_of(calls) AS TABLE
WITH roled AS (
    SELECT recording_id, bool_or(role = 'unknown') AND NOT bool_or(role = 'agent') AS without_agent
    FROM rows_of('speaker', calls) GROUP BY recording_id
), found AS (
    SELECT recording_id,
        list({'category': category, 'segments': segments, 'from_s': from_s} ORDER BY category) AS categories
    FROM rows_of('call_category', calls) GROUP BY recording_id
), known AS (
    SELECT DISTINCT recording_id FROM rows_of('categorized', calls)
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
FROM (FROM recordings_of(calls) WHERE state = 'done') AS recording
CROSS JOIN (SELECT unnest(['agent', 'customer', 'all']) AS role) AS side
JOIN rows_of('call_talk', calls) AS talk ON talk.recording_id = recording.id
JOIN rows_of('call_span', calls) AS span ON span.recording_id = recording.id
LEFT JOIN rows_of('call_mood', calls) AS mood
    ON mood.recording_id = recording.id AND mood.role = side.role
LEFT JOIN rows_of('call_upset', calls) AS felt
    ON felt.recording_id = recording.id AND felt.role = side.role
LEFT JOIN rows_of('call_moment', calls) AS worst
    ON worst.recording_id = recording.id AND worst.role = side.role
LEFT JOIN roled ON roled.recording_id = recording.id
LEFT JOIN known ON known.recording_id = recording.id
LEFT JOIN found ON found.recording_id = recording.id
LEFT JOIN (SELECT id AS transcribed_in, models->>'asr' AS recogniser FROM scan) USING (transcribed_in);

-- As in 014_upset.sql, with the columns of call_talk named: DuckDB writes lists of those left out in any order.
CREATE OR REPLACE VIEW call_summary AS
SELECT recording.id AS recording_id, path, agent, customer, call_id, queue, started_at, metadata, layout,
    model_id, language, understood,
    call_talk.duration_s, call_talk.speech_s, call_talk.agent_s, call_talk.customer_s, call_talk.talk_ratio,
    call_talk.dead_air_s, call_talk.longest_silence_s, call_talk.overtalk_s, call_talk.interruptions_by_agent,
    call_talk.interruptions_by_customer, call_talk.agent_words_per_minute, call_talk.customer_words_per_minute,
    call_talk.longest_monologue_s, call_talk.untranscribed_s, call_talk.hold_s, call_talk.speakers,
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
