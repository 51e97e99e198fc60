-- Every word with its times, and who says it.
SELECT word.recording_id, word.segment, word, speaker, role, word.text, word.start_s, word.end_s, probability
FROM word JOIN segment USING (recording_id, segment)
ORDER BY word.recording_id, word.segment, word
