-- Every segment: who says what, when and in what mood, and the probability of each emotion.
SELECT * EXCLUDE (seconds) FROM segment_scores ORDER BY recording_id, segment
