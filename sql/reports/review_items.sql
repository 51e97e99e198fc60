-- Which segments may be played, with what is known of them and what this reviewer said of them?
--
--   $recordings  ids of recordings
--   $reviewer    whose reviews
SELECT segment.recording_id, segment.segment, segment.speaker, segment.role, segment.channel, segment.start_s,
    segment.end_s, segment.text, shown_label(segment.emotion) AS emotion, segment.confidence,
    call_name.call, recording.agent, recording.started_at, recording.path, recording.other_path, recording.size_bytes,
    review.reviewer IS NOT NULL AS reviewed, review.label, review.text AS heard_text, review.said_by,
    review.role AS heard_role
FROM segment
JOIN recording ON recording.id = segment.recording_id
JOIN call_name_of($recordings::VARCHAR[]) AS call_name ON call_name.recording_id = segment.recording_id
LEFT JOIN review ON review.recording_id = segment.recording_id AND review.speaker = segment.speaker
    AND review.start_s = segment.start_s AND review.end_s = segment.end_s AND review.reviewer = $reviewer
WHERE list_contains($recordings, segment.recording_id)
ORDER BY segment.recording_id, segment.start_s, segment.segment
