-- Every segment: in which call, who says what, when, and in what mood.
--
--   $ids   the recordings
SELECT call, recording_id, agent, customer, queue, started_at, segment, speaker, role, segment_scores.channel,
    start_s, end_s, text, emotion, confidence, mood, upset, pleased, evidence, quarter,
    angry, calm, disgust, fearful, happy, neutral, sad, surprised, corrected_by, corrected_at
FROM segment_scores
JOIN (SELECT id AS recording_id, path, agent, customer, queue, started_at FROM recording) USING (recording_id)
JOIN call_name USING (recording_id)
LEFT JOIN (
    SELECT recording_id, speaker, start_s, end_s, corrected_by, corrected_at FROM correction
) USING (recording_id, speaker, start_s, end_s)
WHERE recording_id IN (SELECT unnest($ids::VARCHAR[]))
ORDER BY started_at NULLS LAST, path, recording_id, segment
