-- How did each call go? The most upset come first, then those that ended worst.
--
--   chosen  the recordings (see chosen.sql)
--   $role        whose mood: 'customer', 'agent', or 'all' for every voice on the call
--
-- upset is the probability that the role was upset at any time of the call, pleased likewise (see the view call_upset). The
-- moods are those of the four quarters of the conversation; a quarter in which the role was silent has none.
SELECT call_name.call,
    call_id,
    recording.id AS recording_id,
    path, other_path, file_name(path) AS file,
    spelling.name AS agent, customer, queue, started_at,
    call_talk.duration_s,
    talk_ratio,
    dead_air_s, longest_silence_s, overtalk_s,
    interruptions_by_agent, interruptions_by_customer,
    agent_words_per_minute AS words_per_minute,
    longest_monologue_s,
    call_talk.speech_s, call_talk.untranscribed_s, hold_s,
    understood, language,
    $role AS role,
    upset, upset_from_s, pleased, pleased_from_s,
    mood, mood_start, mood_second, mood_third, mood_end, mood_change, ended_worse,
    coalesce(scored, 0) AS segments,
    angry / nullif(scored, 0) AS angry,
    negative / nullif(scored, 0) AS negative,
    uncertain / nullif(scored, 0) AS uncertain,
    coalesce(corrections, 0) AS corrections,
    layout,
    warnings
FROM chosen
JOIN recording ON recording.id = chosen.recording_id
JOIN call_name_of((SELECT list(recording_id) FROM chosen)) AS call_name ON call_name.recording_id = recording.id
JOIN call_talk ON call_talk.recording_id = recording.id
LEFT JOIN spelled('agent') AS spelling ON spelling.given = agent
JOIN call_span ON call_span.recording_id = recording.id
LEFT JOIN (FROM call_mood SEMI JOIN chosen USING (recording_id)) AS call_mood ON call_mood.recording_id = recording.id AND call_mood.role = $role
LEFT JOIN (FROM call_upset SEMI JOIN chosen USING (recording_id)) AS call_upset ON call_upset.recording_id = recording.id AND call_upset.role = $role
WHERE state = 'done'
ORDER BY upset DESC NULLS LAST, mood_end NULLS LAST, mood NULLS LAST, started_at, path
