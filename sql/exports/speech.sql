-- Who is heard when, with words or without?
--
--   $ids   the recordings
SELECT recording_id, talk.speaker, talk.role, channel, start_s, end_s
FROM talk
JOIN (SELECT recording_id, speaker, channel FROM speaker) USING (recording_id, speaker)
JOIN (SELECT id AS recording_id, path, started_at FROM recording) USING (recording_id)
WHERE recording_id IN (SELECT unnest($ids::VARCHAR[]))
ORDER BY started_at NULLS LAST, path, recording_id, start_s, talk.speaker
