-- What the recogniser made of the segments whose words people corrected: the table of words is still of that.
--
--   $ids   the recordings, in the order of the rows
SELECT recording_id, segment, segment.text
FROM segment
JOIN (SELECT * FROM heard WHERE text IS NOT NULL) AS heard USING (recording_id, speaker, start_s, end_s)
JOIN (
    SELECT unnest($ids::VARCHAR[]) AS recording_id, generate_subscripts($ids::VARCHAR[], 1) AS place
) USING (recording_id)
ORDER BY place, segment
