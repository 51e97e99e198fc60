-- How did each call go? The most upset come first, then those that ended worst.
--
--   chosen  the figures of the calls (see chosen.sql)
--   $role   whose mood: 'customer', 'agent', or 'all' for every voice on the call
--   $few    how many; NULL: all
--
-- upset is the probability that the role was upset at any time of the call, pleased likewise (see the view call_upset). The
-- moods are those of the four quarters of the conversation; a quarter in which the role was silent has none.
WITH first AS (
    FROM chosen
    WHERE role = $role
    ORDER BY upset DESC NULLS LAST, mood_end NULLS LAST, mood NULLS LAST, started_at, path
    LIMIT $few
)
SELECT call_name.call,
    call_id,
    recording_id,
    recording.path, other_path, file_name(recording.path) AS file,
    spelling.name AS agent, recording.customer, recording.queue, recording.started_at,
    first.duration_s,
    talk_ratio,
    dead_air_s, longest_silence_s, overtalk_s,
    interruptions_by_agent, interruptions_by_customer,
    agent_words_per_minute AS words_per_minute,
    longest_monologue_s,
    speech_s, untranscribed_s, hold_s,
    recording.understood, recording.language,
    role,
    upset, upset_from_s, pleased, pleased_from_s,
    mood, mood_start, mood_second, mood_third, mood_end, mood_change, ended_worse,
    coalesce(scored, 0) AS segments,
    angry / nullif(scored, 0) AS angry,
    negative / nullif(scored, 0) AS negative,
    uncertain / nullif(scored, 0) AS uncertain,
    coalesce(corrections, 0) AS corrections,
    recording.layout,
    warnings
FROM first
JOIN recording ON recording.id = recording_id
JOIN call_name_of((SELECT list(recording_id) FROM first)) AS call_name USING (recording_id)
LEFT JOIN spelled('agent') AS spelling ON spelling.given = first.agent
ORDER BY upset DESC NULLS LAST, mood_end NULLS LAST, mood NULLS LAST, started_at, path
