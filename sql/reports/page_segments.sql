-- Who says what on some calls, when, and in what mood?
--
--   $recordings   their ids
SELECT recording_id, segment, speaker, segment_mood.role, start_s, end_s, segment_mood.text, emotion, confidence, mood, upset,
    pleased, evidence, corrected_by, corrected_at
FROM segment_mood
LEFT JOIN correction USING (recording_id, speaker, start_s, end_s)
WHERE recording_id IN (SELECT unnest($recordings::VARCHAR[]))
ORDER BY recording_id, start_s, segment
