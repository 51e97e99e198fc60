-- When does nobody speak on some calls, when do several at once, and what is no conversation or has no words?
--
--   $recordings   their ids
--
-- kind is 'dead air', 'overtalk', 'dropped' (half a second and more of speech without words, of one speaker), 'music', 'tone' or
-- 'announcement'. Dead air and overtalk are those of the view call_talk, to the second.
WITH asked AS MATERIALIZED (
    FROM calls_of($recordings::VARCHAR[])
), spoken AS (
    SELECT recording_id, speaker, end_s,
        greatest(start_s, max(end_s) OVER earlier) AS start_s
    FROM talk_of('asked')
    WINDOW earlier AS (
        PARTITION BY recording_id, speaker ORDER BY start_s, end_s ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    QUALIFY end_s > greatest(start_s, max(end_s) OVER earlier)
), shares AS (
    SELECT recording_id, count(DISTINCT speaker) AS speakers, min(start_s) AS first_s, max(end_s) AS last_s
    FROM spoken GROUP BY recording_id
), held AS (
    FROM rows_of('hold', 'asked')
), edge AS (
    SELECT recording_id, start_s AS at_s, 1 AS step, 0 AS on_hold FROM spoken
    UNION ALL
    SELECT recording_id, end_s, -1, 0 FROM spoken
    UNION ALL
    SELECT recording_id, start_s, 0, 1 FROM held
    UNION ALL
    SELECT recording_id, end_s, 0, -1 FROM held
), stretch AS (
    SELECT recording_id, at_s AS start_s,
        lead(at_s) OVER (PARTITION BY recording_id ORDER BY at_s, step, on_hold) AS end_s,
        sum(step) OVER running AS voices,
        sum(on_hold) OVER running AS holds
    FROM edge
    WINDOW running AS (PARTITION BY recording_id ORDER BY at_s, step, on_hold ROWS UNBOUNDED PRECEDING)
)
SELECT recording_id, 'dead air' AS kind, NULL::INTEGER AS speaker, NULL::VARCHAR AS role, start_s, end_s, NULL::VARCHAR AS text
FROM stretch JOIN shares USING (recording_id)
WHERE speakers >= 2 AND voices = 0 AND holds = 0 AND start_s >= first_s AND start_s < last_s
    AND end_s - start_s >= dead_air_from_s()
UNION ALL
SELECT recording_id, 'overtalk', NULL, NULL, start_s, end_s, NULL
FROM stretch JOIN shares USING (recording_id)
JOIN recordings_of('asked') AS recording ON recording.id = recording_id
WHERE speakers >= 2 AND layout = 'stereo' AND voices >= 2 AND end_s > start_s
UNION ALL
SELECT recording_id, 'dropped', speaker, role, start_s, end_s, dropped
FROM talk_of('asked')
WHERE dropped IS NOT NULL AND end_s - start_s >= 0.5
UNION ALL
SELECT recording_id, kind, NULL, NULL, start_s, end_s, text FROM held
ORDER BY recording_id, start_s, kind
