-- Every segment: in which call, who says what, when, and in what mood.
--
--   $ids   the recordings, in the order of the rows
SELECT call, recording_id, agent, customer, queue, started_at, segment, speaker, role, segment_scores.channel,
    start_s, end_s, text, emotion, confidence, mood, upset, pleased, evidence, quarter,
    angry, calm, disgust, fearful, happy, neutral, sad, surprised, corrected_by, corrected_at
FROM segment_scores
JOIN (SELECT id AS recording_id, agent, customer, queue, started_at FROM recording) USING (recording_id)
JOIN call_name USING (recording_id)
LEFT JOIN (
    SELECT recording_id, speaker, start_s, end_s, corrected_by, corrected_at FROM correction
) USING (recording_id, speaker, start_s, end_s)
JOIN (
    SELECT unnest($ids::VARCHAR[]) AS recording_id, generate_subscripts($ids::VARCHAR[], 1) AS place
) USING (recording_id)
ORDER BY place, segment
