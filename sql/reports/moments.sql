-- Which are the worst moments: in which call, from when and for how long was somebody upset, and in what words? The most
-- upset first, of equal ones the longest.
--
--   chosen  the figures of the calls (see chosen.sql)
--   $role        whose moments: 'customer' (with those whose role is not known), 'agent', or 'all' for every voice
--   $count       how many; NULL: all
--
-- A moment is what one speaker says, segment after segment, while being more probably upset than not. Its words are
-- those of one segment, which begins at said_s: rather one whose words are known, of these one with a negative label, and
-- of these the one whose mood times confidence is the worst. evidence is what speaks for it: 'voice', 'words', 'both', or
-- the 'correction' of a person: corrected_by, at corrected_at (UTC).
WITH worst_calls AS MATERIALIZED (
    -- so many calls hold so many of the worst moments, whatever else is in them
    SELECT recording_id, call_number
    FROM chosen
    WHERE role = $role AND worst_upset IS NOT NULL
    ORDER BY worst_upset DESC, worst_seconds DESC, recording_id, worst_start_s
    LIMIT $count
)
SELECT call_name.call,
    call_id,
    recording_id,
    path, file_name(path) AS file,
    spelling.name AS agent, customer, started_at, start_s, end_s, role, upset, evidence,
    worst.emotion, worst.confidence, worst.mood, worst.said_s, worst.text, corrected_by, corrected_at
FROM moments_of('worst_calls', [$role])
JOIN recording ON recording.id = recording_id
JOIN call_name_of((SELECT list(recording_id) FROM worst_calls)) AS call_name USING (recording_id)
LEFT JOIN spelled('agent') AS spelling ON spelling.given = agent
ORDER BY round(upset, 2) DESC, end_s - start_s DESC, recording_id, start_s
LIMIT $count
