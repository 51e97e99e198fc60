-- Which are the worst moments: in which call, from when and for how long was somebody upset, and in what words? The most
-- upset first, of equal ones the longest.
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $recording   one recording, by its id; NULL: all
--   $role        whose moments: 'customer' (with those whose role is not known), 'agent', or 'all' for every voice
--   $since, $until   start of the call, the second excluded; NULL: no bound
--   $count       how many; NULL: all
--
-- A moment is what one speaker says, segment after segment, while being more probably upset than not. Its words are
-- those of one segment, which begins at said_s: rather one whose words are known, of these one with a negative label, and
-- of these the one whose mood times confidence is the worst. evidence is what speaks for it: 'voice', 'words', 'both', or
-- the 'correction' of a person: corrected_by, at corrected_at (UTC).
WITH mark AS (
    SELECT recording_id, speaker, start_s, end_s, label, corrected_by, corrected_at FROM correction
), placed AS (
    SELECT *,
        is_likely(upset) AND NOT coalesce(
            lag(is_likely(upset)) OVER (PARTITION BY recording_id, speaker ORDER BY start_s, segment), false) AS begins
    FROM segment_mood
    LEFT JOIN mark USING (recording_id, speaker, start_s, end_s)
    WHERE is_of(role, $role) AND ($recording::VARCHAR IS NULL OR recording_id = $recording)
), counted AS (
    SELECT *,
        count(*) FILTER (begins) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s, segment ROWS UNBOUNDED PRECEDING) AS number
    FROM placed
), moment AS (
    SELECT recording_id, any_value(role) AS role,
        min(start_s) AS start_s,
        max(end_s) AS end_s,
        max(upset) AS upset,
        arg_max(corrected_by, corrected_at) AS corrected_by,
        max(corrected_at) AS corrected_at,
        joint_evidence(CASE WHEN emotion NOT IN ('happy', 'surprised') THEN evidence END) AS evidence,
        first({'said_s': start_s, 'emotion': emotion, 'confidence': confidence, 'mood': mood, 'text': text}
            ORDER BY text = '', is_negative(emotion) DESC, mood * confidence, start_s) AS worst
    FROM counted
    WHERE is_likely(upset)
    GROUP BY recording_id, speaker, number
)
SELECT call_name.call,
    call_id,
    recording_id,
    path, file_name(path) AS file,
    spelling.name AS agent, customer, started_at, start_s, end_s, role, upset, evidence,
    worst.emotion, worst.confidence, worst.mood, worst.said_s, worst.text, corrected_by, corrected_at
FROM moment
JOIN recording ON recording.id = recording_id
JOIN call_name USING (recording_id)
LEFT JOIN spellings('agent') AS spelling ON spelling.key = name_key(agent)
WHERE ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
    AND is_chosen($dimensions, $names, agent, queue, customer, started_at, metadata)
ORDER BY round(upset, 2) DESC, end_s - start_s DESC, recording_id, start_s
LIMIT $count
