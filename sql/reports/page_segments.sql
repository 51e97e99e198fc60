-- Who says what on some calls, when, and in what mood?
--
--   $recordings   their ids
WITH asked AS MATERIALIZED (
    FROM calls_of($recordings::VARCHAR[])
)
SELECT recording_id, segment, speaker, segment_mood.role, start_s, end_s, segment_mood.text, emotion, confidence, mood, upset,
    pleased, evidence, corrected_by, corrected_at
FROM segment_mood_of('asked') AS segment_mood
LEFT JOIN correction USING (recording_id, speaker, start_s, end_s)
ORDER BY recording_id, start_s, segment
