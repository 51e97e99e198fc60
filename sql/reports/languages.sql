-- In which languages are the calls? The commonest first; NULL: not English, and in which is not known.
--
--   $by, $name   calls of one agent (queue, customer, day, value of a column of the metadata table); NULL: all
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
    AND ($name::VARCHAR IS NULL
        OR name_key($name) = name_key(group_name($by, agent, queue, customer, started_at, metadata)))
GROUP BY ALL
ORDER BY calls DESC, language
