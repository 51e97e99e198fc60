-- Which are the best moments: what did those say who were pleased, one moment of each call? The most pleased first.
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $recording   one recording, by its id; NULL: all
--   $role        whose moments: 'customer' (with those whose role is not known), 'agent', or 'all'
--   $since, $until   start of the call, the second excluded; NULL: no bound
SELECT recording_id, start_s, end_s, role, emotion, confidence, pleased, evidence, text
FROM segment_mood_of((
    SELECT list(id) FROM recording
    WHERE ($recording::VARCHAR IS NULL OR id = $recording)
        AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
        AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
        AND is_chosen($dimensions, $names, agent, queue, customer, started_at, metadata)
))
WHERE is_likely(pleased) AND is_of(role, $role)
QUALIFY row_number() OVER (PARTITION BY recording_id ORDER BY pleased DESC, seconds DESC, start_s) = 1
ORDER BY round(pleased, 2) DESC, seconds DESC, recording_id
