-- Who is heard when, with words or without?
--
--   $ids   the recordings, in the order of the rows
SELECT recording_id, talk.speaker, talk.role, channel, start_s, end_s
FROM talk
JOIN (SELECT recording_id, speaker, channel FROM speaker) USING (recording_id, speaker)
JOIN (
    SELECT unnest($ids::VARCHAR[]) AS recording_id, generate_subscripts($ids::VARCHAR[], 1) AS place
) USING (recording_id)
ORDER BY place, start_s, talk.speaker
