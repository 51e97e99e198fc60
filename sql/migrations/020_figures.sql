-- What reports read of each call is worked out once, when the call is stored or corrected, and kept in tables: with ten
-- million segments a report would otherwise read all of them. What the tables hold is defined by the macros here, and
-- nothing else is written to them: callmood/store/figures.py fills them, for all calls after each migration.

-- Until now the segments of a call from before the table speech stood in for it whenever it was read.
INSERT INTO speech (recording_id, speaker, start_s, end_s)
SELECT recording_id, speaker, start_s, end_s
FROM segment ANTI JOIN (SELECT DISTINCT recording_id FROM speech) AS known USING (recording_id);

CREATE OR REPLACE VIEW talk AS
SELECT speech.recording_id, speech.speaker, role, start_s, end_s, dropped
FROM speech
JOIN speaker ON speaker.recording_id = speech.recording_id AND speaker.speaker = speech.speaker;

CREATE TABLE call_span (
    recording_id VARCHAR NOT NULL,
    first_s DOUBLE,                  -- start of the first segment; NULL, as last_s: there is none
    last_s DOUBLE,                   -- end of the last segment
    speakers BIGINT,                 -- number of those who are heard; NULL, as below: nobody is
    speech_s DOUBLE,                 -- of all together, each voice for itself
    untranscribed_s DOUBLE,          -- of it without words
    corrections BIGINT,              -- corrected segments; NULL, as below: none
    correctors VARCHAR[],
    corrected_at TIMESTAMP           -- UTC
);

-- The segments of some calls. By row, so that DuckDB reads only the blocks that hold them.
CREATE MACRO segments_of(ids) AS TABLE
SELECT * FROM segment
WHERE rowid IN (SELECT rowid FROM segment WHERE recording_id IN (SELECT unnest(ids)));

CREATE MACRO call_span_of(ids) AS TABLE
WITH spoken AS (
    SELECT recording_id, min(start_s) AS first_s, max(end_s) AS last_s FROM segments_of(ids) GROUP BY recording_id
), heard AS (
    SELECT recording_id,
        count(DISTINCT speaker) AS speakers,
        sum(end_s - start_s) AS speech_s,
        sum(end_s - start_s) FILTER (dropped IS NOT NULL) AS untranscribed_s
    FROM talk
    WHERE recording_id IN (SELECT unnest(ids))
    GROUP BY recording_id
), corrected AS (
    SELECT recording_id,
        count(*) AS corrections, list(corrected_by ORDER BY corrected_by) AS correctors, max(corrected_at) AS corrected_at
    FROM correction SEMI JOIN segments_of(ids) AS there USING (recording_id, speaker, start_s, end_s)
    GROUP BY recording_id
)
SELECT recording.id AS recording_id, first_s, last_s, speakers, speech_s, untranscribed_s,
    corrections, correctors, corrected_at
FROM recording
LEFT JOIN spoken ON spoken.recording_id = recording.id
LEFT JOIN heard ON heard.recording_id = recording.id
LEFT JOIN corrected ON corrected.recording_id = recording.id
WHERE state = 'done' AND recording.id IN (SELECT unnest(ids));

-- A segment with its moods and its quarter of the conversation, and where its row is. What a person corrected beats the
-- model. All of them are NULL where the segment was not scored or the call was not understood.
CREATE MACRO segment_moods() AS TABLE
WITH judged AS (
    SELECT placed.rowid AS place, recording_id, segment, coalesce(heard.said_by, speaker) AS speaker, coalesce(heard.role, placed.role) AS role,
        placed.channel, start_s, end_s, coalesce(heard.text, placed.text) AS text, first_s, last_s,
        coalesce(label, emotion) AS emotion,
        CASE WHEN label IS NULL THEN confidence ELSE 1 END AS confidence,
        CASE WHEN label IS NULL THEN mood(scores) ELSE mood(MAP {shown_label(label): 1}) END AS mood,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased,
        CASE WHEN label IS NULL THEN evidence ELSE 'correction' END AS evidence
    FROM segment AS placed
    LEFT JOIN call_span USING (recording_id)
    LEFT JOIN correction USING (recording_id, speaker, start_s, end_s)
    LEFT JOIN heard USING (recording_id, speaker, start_s, end_s)
)
SELECT place, recording_id, segment, speaker, role, channel, start_s, end_s, end_s - start_s AS seconds, text,
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

CREATE OR REPLACE VIEW segment_mood AS SELECT * EXCLUDE (place) FROM segment_moods();

-- Those of some calls.
CREATE MACRO segment_mood_of(ids) AS TABLE
SELECT * EXCLUDE (place) FROM segment_moods()
WHERE place IN (SELECT rowid FROM segment WHERE recording_id IN (SELECT unnest(ids)));

-- As in 013_speech.sql, of some calls.
CREATE MACRO call_talk_of(ids) AS TABLE
WITH spoken AS (
    SELECT recording_id, speaker, role, dropped, end_s,
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
        SELECT recording_id, role,
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
    CASE WHEN speakers >= 2 THEN agent_s / nullif(agent_s + customer_s, 0) END AS talk_ratio,
    CASE WHEN speakers >= 2 THEN dead_air_s END AS dead_air_s,
    CASE WHEN speakers >= 2 THEN longest_silence_s END AS longest_silence_s,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN overtalk_s END AS overtalk_s,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN coalesce(interruptions_by_agent, 0) END
        AS interruptions_by_agent,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN coalesce(interruptions_by_customer, 0) END
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

-- As in 008_limits.sql, of some calls.
CREATE MACRO call_mood_of(ids) AS TABLE
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
    FROM segment_mood_of(ids)
    GROUP BY GROUPING SETS ((recording_id, role), (recording_id))
)
SELECT *,
    mood_end - mood_start AS mood_change,
    -- it fell by at least that much, and ended below 0
    mood_end - mood_start <= -worse_by() AND mood_end < 0 AS ended_worse
FROM part;

-- As in 014_upset.sql, of some calls.
CREATE MACRO speaker_mood_of(ids) AS TABLE
WITH felt AS (
    SELECT recording_id, speaker, start_s, label,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased
    FROM segments_of(ids)
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
JOIN recording ON recording.id = recording_id
WHERE recording_id IN (SELECT unnest(ids));

CREATE OR REPLACE VIEW speaker_mood AS FROM speaker_mood_of((SELECT list(id) FROM recording));

CREATE MACRO call_upset_of(ids) AS TABLE
SELECT recording_id, side.role,
    max(upset) AS upset,
    min(upset_from_s) FILTER (is_likely(upset)) AS upset_from_s,
    max(pleased) AS pleased,
    min(pleased_from_s) FILTER (is_likely(pleased)) AS pleased_from_s
FROM speaker_mood_of(ids) AS speaker_mood
JOIN (SELECT unnest(['agent', 'customer', 'all']) AS role) AS side ON is_of(speaker_mood.role, side.role)
GROUP BY recording_id, side.role;

-- When somebody was upset: what one speaker says, segment after segment, while being more probably upset than not. sides:
-- of 'customer' (with those whose role is not known), 'agent' and 'all'; moments of each are told apart by side.
CREATE MACRO moments_of(ids, sides) AS TABLE
WITH mark AS (
    SELECT recording_id, speaker, start_s, end_s, label, corrected_by, corrected_at FROM correction
), placed AS (
    SELECT *,
        is_likely(upset) AND NOT coalesce(
            lag(is_likely(upset)) OVER (PARTITION BY side, recording_id, speaker ORDER BY start_s, segment), false)
            AS begins
    FROM segment_mood_of(ids)
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

-- The worst moment of each call and side: what is worst of all calls is among them.
CREATE MACRO call_moment_of(ids) AS TABLE
SELECT recording_id, side AS role, round(upset, 2) AS upset, end_s - start_s AS seconds, start_s
FROM moments_of(ids, ['customer', 'agent', 'all'])
QUALIFY row_number() OVER (PARTITION BY recording_id, side ORDER BY round(upset, 2) DESC, end_s - start_s DESC, start_s) = 1;

CREATE MACRO call_category_of(ids) AS TABLE
SELECT segment_category.recording_id, category, count(*) AS segments, min(start_s) AS from_s
FROM segment_category
JOIN segments_of(ids) AS said ON said.recording_id = segment_category.recording_id AND said.segment = segment_category.segment
GROUP BY segment_category.recording_id, category;

-- The views of these names become tables with the same columns.
DROP VIEW call_talk;
DROP MACRO TABLE talk_of;
DROP VIEW call_mood;
DROP VIEW call_upset;
DROP VIEW call_category;
CREATE TABLE call_talk AS FROM call_talk_of([]::VARCHAR[]);
CREATE TABLE call_mood AS FROM call_mood_of([]::VARCHAR[]);
CREATE TABLE call_upset AS FROM call_upset_of([]::VARCHAR[]);
CREATE TABLE call_moment AS FROM call_moment_of([]::VARCHAR[]);
CREATE TABLE call_category AS FROM call_category_of([]::VARCHAR[]);

-- The last part of a path with the folder that it is in.
CREATE MACRO path_in_folder(path) AS regexp_extract(path, '[^/\\]+[/\\][^/\\]+$');

-- What some calls are called in reports: their files, with so much of the path as tells each from all others.
CREATE MACRO call_name_of(ids) AS TABLE
WITH part AS (
    SELECT id AS recording_id, path, file_name(path) AS file, path_in_folder(path) AS in_folder
    FROM recording
    WHERE id IN (SELECT unnest(ids))
), alike AS (
    SELECT path, file_name(path) AS file FROM recording WHERE file_name(path) IN (SELECT file FROM part)
), shared AS (
    SELECT file FROM alike GROUP BY file HAVING count(*) > 1
), folder AS (
    SELECT path_in_folder(path) AS in_folder, count(*) AS calls FROM alike SEMI JOIN shared USING (file) GROUP BY ALL
)
SELECT recording_id,
    CASE WHEN shared.file IS NULL THEN part.file
        WHEN folder.calls = 1 AND in_folder <> '' THEN in_folder
        ELSE path END AS call
FROM part
LEFT JOIN shared ON shared.file = part.file
LEFT JOIN folder USING (in_folder);

CREATE OR REPLACE VIEW call_name AS FROM call_name_of((SELECT list(id) FROM recording));
