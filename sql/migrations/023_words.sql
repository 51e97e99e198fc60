-- What makes categories cheap to find: phrases are looked for in words that are divided once, not in each text anew, and
-- the examples of the categories are encoded once.

CREATE TABLE sentence_vector (
    encoder VARCHAR NOT NULL,        -- which network made it
    sentence VARCHAR NOT NULL,       -- of the categories that count
    vector BLOB NOT NULL             -- float32, of length 1
);

-- Text without capitals and accents.
CREATE MACRO plain_text(said) AS replace(lower(strip_accents(said)), '’', '''');

-- Its words, with one space between them and at least one at both ends.
CREATE MACRO spaced_words(plain) AS ' ' || regexp_replace(plain, '[^\pL\pN'']+', ' ', 'g') || ' ';

-- As in 017_categories.sql, with the words.
CREATE OR REPLACE VIEW segment_context AS
WITH sound AS (
    SELECT recording_id, segment, start_s, end_s FROM segment
    UNION ALL
    SELECT recording_id, NULL, start_s, end_s FROM speech WHERE dropped IS NOT NULL
    UNION ALL
    SELECT recording_id, NULL, start_s, end_s FROM hold
), silence AS (
    SELECT recording_id, segment,
        greatest(0, start_s - max(end_s) OVER (
            PARTITION BY recording_id ORDER BY start_s, end_s
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS silence_s
    FROM sound
)
SELECT segment_mood.recording_id, segment_mood.segment, role, start_s, emotion, quarter,
    coalesce(silence_s, 0) AS silence_s,
    plain_text(text) AS plain,
    spaced_words(plain) AS words
FROM segment_mood
JOIN silence ON silence.recording_id = segment_mood.recording_id AND silence.segment = segment_mood.segment;
