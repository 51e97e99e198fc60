-- Every segment: who says what, when and in what mood, and the probability of each emotion, against the speaker's own
-- baseline (angry, calm ...) and without one (raw_angry, raw_calm ...). NULL if the speaker's role is not scored.
SELECT segment.recording_id, segment.segment, segment.speaker, segment.role, segment.channel,
    segment.start_s, segment.end_s, segment.text,
    segment.emotion, segment.confidence, segment_mood.mood, segment_mood.quarter,
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
FROM segment JOIN segment_mood USING (recording_id, segment)
ORDER BY segment.recording_id, segment.segment
