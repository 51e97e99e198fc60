-- Every word with its times, and who says it.
--
--   $ids   the recordings, in the order of the rows
SELECT call, recording_id, word.segment, word, speaker, role, word.text, word.start_s, word.end_s, probability
FROM word
JOIN (SELECT recording_id, segment, speaker, role FROM segment) USING (recording_id, segment)
JOIN call_name USING (recording_id)
JOIN (
    SELECT unnest($ids::VARCHAR[]) AS recording_id, generate_subscripts($ids::VARCHAR[], 1) AS place
) USING (recording_id)
ORDER BY place, word.segment, word
