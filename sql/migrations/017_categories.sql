-- What segments mean, as vectors to search by, and the categories that they belong to.

CREATE TABLE segment_vectors (
    recording_id VARCHAR NOT NULL,
    encoder VARCHAR NOT NULL,        -- which network made them
    vectors BLOB NOT NULL            -- of the call's segments in their order, one after the other; a byte a number
);

CREATE TABLE category_set (
    toml VARCHAR NOT NULL,           -- one row at most; without one the categories that come with callmood count
    set_at TIMESTAMP NOT NULL        -- UTC
);

CREATE TABLE categorized (
    recording_id VARCHAR NOT NULL,
    definitions VARCHAR NOT NULL     -- hash of the categories that its segments were compared with
);

CREATE TABLE segment_category (
    recording_id VARCHAR NOT NULL,
    segment INTEGER NOT NULL,
    category VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL CHECK (evidence IN ('words', 'meaning', 'both', 'conditions')),
    likeness FLOAT                   -- cosine to the nearest example; NULL without examples
);

-- Segments as conditions of categories ask for them: without capitals and accents, with the quarter of the conversation
-- and the silence before them. Music and announcements are no silence, and neither is speech whose words are not known.
CREATE VIEW segment_context AS
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
    replace(lower(strip_accents(text)), '’', '''') AS plain
FROM segment_mood
JOIN silence ON silence.recording_id = segment_mood.recording_id AND silence.segment = segment_mood.segment;

-- One row per call and category that occurs in it.
CREATE VIEW call_category AS
SELECT segment_category.recording_id, category, count(*) AS segments, min(start_s) AS from_s
FROM segment_category
JOIN segment ON segment.recording_id = segment_category.recording_id AND segment.segment = segment_category.segment
GROUP BY segment_category.recording_id, category;
