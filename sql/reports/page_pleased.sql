-- Which are the best moments: what did those say who were pleased, one moment of each call? The most pleased first.
--
--   chosen  the figures of the calls (see chosen.sql)
--   $role        whose moments: 'customer' (with those whose role is not known), 'agent', or 'all'
WITH chosen_calls AS MATERIALIZED (
    SELECT recording_id, call_number FROM chosen WHERE role = $role
)
SELECT recording_id, start_s, end_s, role, emotion, confidence, pleased, evidence, text
FROM segment_mood_of('chosen_calls')
WHERE is_likely(pleased) AND is_of(role, $role)
QUALIFY row_number() OVER (PARTITION BY recording_id ORDER BY pleased DESC, seconds DESC, start_s) = 1
ORDER BY round(pleased, 2) DESC, seconds DESC, recording_id
