-- Every call: its facts, who talked how much, and the mood of customer and agent.
--
--   $ids   the recordings
SELECT call_name.call, call_summary.* EXCLUDE (metadata)
FROM call_summary
JOIN call_name USING (recording_id)
WHERE recording_id IN (SELECT unnest($ids::VARCHAR[]))
ORDER BY started_at NULLS LAST, path, recording_id
