-- In how many calls does each category occur? The commonest first; those that occur in no call are left out.
--
--   chosen  the recordings (see chosen.sql)
--
-- calls_known is the number of calls whose categories are known, share that of those with the category among them;
-- from_s, the start of its first segment, makes sense of one call only.
WITH selected AS (
    SELECT id AS recording_id
    FROM recording
    SEMI JOIN chosen ON chosen.recording_id = recording.id
    SEMI JOIN categorized ON categorized.recording_id = recording.id
    WHERE state = 'done'
), known AS (
    SELECT count(*) AS calls_known FROM selected
)
SELECT category,
    count(*) AS calls,
    any_value(calls_known) AS calls_known,
    count(*) / any_value(calls_known) AS share,
    share_low(count(*), any_value(calls_known)) AS share_low,
    share_high(count(*), any_value(calls_known)) AS share_high,
    sum(segments) AS segments,
    min(from_s) AS from_s
FROM call_category JOIN selected USING (recording_id), known
GROUP BY category
ORDER BY calls DESC, category;
