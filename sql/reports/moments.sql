-- Which are the worst moments: in which call, at what time, and in what words? The worst first.
--
--   $by, $name   calls of one agent (queue, customer, day, value of a column of the metadata table); NULL: all
--   $recording   one recording, by its id; NULL: all
--   $role        whose moments: 'customer', 'agent', or 'all' for every voice on the call
--   $since, $until   start of the call, the second excluded; NULL: no bound
--   $count       how many
--
-- A moment is a segment with a negative label that the model is sure of (never 'uncertain'). How bad it is: its
-- mood times the confidence. Of one speaker's segments within 15 s only the worst is listed, so that one outburst does
-- not fill the list.
WITH sure AS (
    SELECT segment_mood.*, mood * confidence AS badness,
        min(mood * confidence) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s
            RANGE BETWEEN 15 PRECEDING AND 15 FOLLOWING) AS worst_around
    FROM segment_mood
    WHERE is_negative(emotion)
)
SELECT coalesce(call_id, file_name(path)) AS call,
    recording_id,
    file_name(path) AS file,
    spelling.name AS agent, customer, started_at, start_s, end_s, role, emotion, confidence, mood, text
FROM sure
JOIN recording ON recording.id = recording_id
LEFT JOIN spellings('agent') AS spelling ON spelling.key = name_key(agent)
WHERE badness = worst_around AND mood < 0
    AND ($role = 'all' OR role = $role)
    AND ($recording::VARCHAR IS NULL OR recording_id = $recording)
    AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
    AND ($name::VARCHAR IS NULL
        OR name_key($name) = name_key(group_name($by, agent, queue, customer, started_at, metadata)))
ORDER BY badness, recording_id, start_s
LIMIT $count
