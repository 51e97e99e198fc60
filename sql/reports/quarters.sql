-- How did the mood of each role develop over one call, by quarter of the conversation?
--
--   $recording   its id
WITH asked AS MATERIALIZED (
    FROM calls_of([$recording])
)
SELECT role, quarter,
    count(mood) AS segments,
    sum(mood * seconds) / nullif(sum(seconds) FILTER (mood IS NOT NULL), 0) AS mood,
    sum(seconds) AS speech_s
FROM segment_mood_of('asked')
GROUP BY role, quarter
ORDER BY role, quarter
