-- The probabilities of segments as columns, because many tools show a MAP as one opaque value.
CREATE VIEW segment_scores AS
SELECT segment_mood.*,
    scores['angry'] AS angry,
    scores['calm'] AS calm,
    scores['disgust'] AS disgust,
    scores['fearful'] AS fearful,
    scores['happy'] AS happy,
    scores['neutral'] AS neutral,
    scores['sad'] AS sad,
    scores['surprised'] AS surprised,
    raw_emotion,
    raw_scores['angry'] AS raw_angry,
    raw_scores['calm'] AS raw_calm,
    raw_scores['disgust'] AS raw_disgust,
    raw_scores['fearful'] AS raw_fearful,
    raw_scores['happy'] AS raw_happy,
    raw_scores['neutral'] AS raw_neutral,
    raw_scores['sad'] AS raw_sad,
    raw_scores['surprised'] AS raw_surprised
FROM segment_mood JOIN segment USING (recording_id, segment);
