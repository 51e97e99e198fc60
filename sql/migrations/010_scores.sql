-- A value of a map in a way that all versions of DuckDB agree on: in 1.1, which some tools carry, map['key'] is a list.

CREATE OR REPLACE MACRO mood(scores) AS CASE WHEN scores IS NOT NULL THEN
      1.0 * above_chance(map_extract(scores, 'happy')[1])
    + 0.2 * above_chance(map_extract(scores, 'calm')[1])
    + 0.0 * above_chance(map_extract(scores, 'neutral')[1])
    + 0.0 * above_chance(map_extract(scores, 'surprised')[1])
    - 0.6 * above_chance(map_extract(scores, 'sad')[1])
    - 0.6 * above_chance(map_extract(scores, 'fearful')[1])
    - 0.8 * above_chance(map_extract(scores, 'disgust')[1])
    - 1.0 * above_chance(map_extract(scores, 'angry')[1]) END;

CREATE OR REPLACE MACRO group_name(dimension, agent, queue, customer, started_at, metadata) AS coalesce(CASE dimension
    WHEN 'agent' THEN agent
    WHEN 'queue' THEN queue
    WHEN 'customer' THEN customer
    WHEN 'day' THEN strftime(started_at, '%Y-%m-%d')
    ELSE map_extract(metadata, dimension)[1] END, '(unknown)');

-- The probabilities of segments as columns, because many tools show a MAP as one opaque value. Where segment_mood has no
-- emotion there are none either.
CREATE VIEW segment_scores AS
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
