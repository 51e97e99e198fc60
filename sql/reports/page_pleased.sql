-- Which are the best moments: what did those say who were pleased, one moment of each call? The most pleased first.
--
--   chosen  the calls (see chosen.sql)
--   $role        whose moments: 'customer' (with those whose role is not known), 'agent', or 'all'
SELECT recording_id, start_s, end_s, role, emotion, confidence, pleased, evidence, text
FROM segment_mood_of((SELECT list(recording_id) FROM call_figures WHERE role = $role AND rowid IN (FROM chosen)))
WHERE is_likely(pleased) AND is_of(role, $role)
QUALIFY row_number() OVER (PARTITION BY recording_id ORDER BY pleased DESC, seconds DESC, start_s) = 1
ORDER BY round(pleased, 2) DESC, seconds DESC, recording_id
