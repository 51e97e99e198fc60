-- Which categories occur in calls, and since when? A list for each call whose categories are known, in order of time.
--
--   $recordings   their ids
SELECT recording_id, coalesce(
    list({'name': category, 'from_s': from_s} ORDER BY from_s, category) FILTER (category IS NOT NULL), []) AS categories
FROM categorized
LEFT JOIN call_category USING (recording_id)
WHERE recording_id IN (SELECT unnest($recordings::VARCHAR[]))
GROUP BY recording_id
