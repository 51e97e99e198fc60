-- Every word with its times, and who says it.
--
--   $ids   the recordings
SELECT call, recording_id, word.segment, word, speaker, role, word.text, word.start_s, word.end_s, probability
FROM word
JOIN (SELECT recording_id, segment, speaker, role FROM segment) USING (recording_id, segment)
JOIN (SELECT id AS recording_id, path, started_at FROM recording) USING (recording_id)
JOIN call_name USING (recording_id)
WHERE recording_id IN (SELECT unnest($ids::VARCHAR[]))
ORDER BY started_at NULLS LAST, path, recording_id, word.segment, word
