-- What people heard: the emotion, words, speaker and role of a stretch of a recording, by each of them. As a correction, a
-- review goes by its place in the recording, and stands beside what the model said. Why the stretch was proposed tells
-- which reviews measure agreement without bias.
CREATE TABLE review (
    recording_id VARCHAR NOT NULL,
    speaker INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    reviewer VARCHAR NOT NULL,
    reason VARCHAR NOT NULL CHECK (reason IN ('random', 'uncertain', 'rare', 'words against voice', 'chosen')),
    label VARCHAR,                  -- NULL: can't be told
    text VARCHAR,                   -- NULL, as below: as it is in the segment
    said_by INTEGER,
    role VARCHAR,
    reviewed_at TIMESTAMP NOT NULL, -- UTC
    PRIMARY KEY (recording_id, speaker, start_s, end_s, reviewer)
);

-- What people last corrected of a stretch, whoever did.
CREATE VIEW heard AS
SELECT recording_id, speaker, start_s, end_s,
    arg_max(text, reviewed_at) FILTER (text IS NOT NULL) AS text,
    arg_max(said_by, reviewed_at) FILTER (said_by IS NOT NULL) AS said_by,
    arg_max(role, reviewed_at) FILTER (role IS NOT NULL) AS role
FROM review
GROUP BY ALL;

-- A place in an order that has nothing to do with what is said: the first of it are a random sample.
CREATE MACRO random_place(recording_id, speaker, start_s) AS md5(concat_ws(' ', recording_id, speaker, start_s));

-- As in 014_upset.sql, with the words, speaker and role that people heard.
CREATE OR REPLACE VIEW segment_mood AS
WITH placed AS (
    SELECT *,
        min(start_s) OVER call AS first_s,
        max(end_s) OVER call AS last_s
    FROM segment
    WINDOW call AS (PARTITION BY recording_id)
), judged AS (
    SELECT recording_id, segment, coalesce(heard.said_by, speaker) AS speaker, coalesce(heard.role, placed.role) AS role,
        placed.channel, start_s, end_s, coalesce(heard.text, placed.text) AS text, first_s, last_s,
        coalesce(label, emotion) AS emotion,
        CASE WHEN label IS NULL THEN confidence ELSE 1 END AS confidence,
        CASE WHEN label IS NULL THEN mood(scores) ELSE mood(MAP {shown_label(label): 1}) END AS mood,
        corrected_upset(label, upset) AS upset,
        corrected_pleased(label, pleased) AS pleased,
        CASE WHEN label IS NULL THEN evidence ELSE 'correction' END AS evidence
    FROM placed
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
JOIN recording ON recording.id = recording_id;
