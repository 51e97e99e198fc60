-- In which languages are the calls? The commonest first; NULL: not English, and in which is not known.
--
--   chosen  the figures of the calls (see chosen.sql)
--   $role   that of the chosen calls
--
-- A recogniser that knows no other language says nothing of it: what it understood is English.
SELECT
    CASE WHEN language IS NOT NULL THEN language WHEN understood IS DISTINCT FROM false THEN 'en' END AS language,
    count(*) AS calls
FROM chosen
WHERE role = $role
GROUP BY ALL
ORDER BY calls DESC, language
