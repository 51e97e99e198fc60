-- In which languages are the calls? The commonest first; NULL: not English, and in which is not known.
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $since, $until   start of the call, the second excluded; NULL: no bound
--
-- A recogniser that knows no other language says nothing of it: what it understood is English.
SELECT
    CASE WHEN language IS NOT NULL THEN language WHEN understood IS DISTINCT FROM false THEN 'en' END AS language,
    count(*) AS calls
FROM recording
WHERE state = 'done'
    AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
    AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
    AND is_chosen($dimensions, $names, agent, queue, customer, started_at, metadata)
GROUP BY ALL
ORDER BY calls DESC, language
