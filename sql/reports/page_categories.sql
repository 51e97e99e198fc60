-- Which categories occur in calls, and since when? A list for each call whose categories are known, in order of time.
--
--   $recordings   their ids
WITH asked AS MATERIALIZED (
    FROM calls_of($recordings::VARCHAR[])
)
SELECT recording_id, coalesce(
    list({'name': category, 'from_s': from_s} ORDER BY from_s, category) FILTER (category IS NOT NULL), []) AS categories
FROM rows_of('categorized', 'asked')
LEFT JOIN rows_of('call_category', 'asked') USING (recording_id)
GROUP BY recording_id
