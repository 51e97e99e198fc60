-- What did people and the model say of the segments that were reviewed?
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $recording   one recording, by its id; NULL: all
--   $since, $until   start of the call, the second excluded; NULL: no bound
--
-- A row for each review with a label of a segment that is still there. in_sample: it is among the first of the random
-- order up to the last that was proposed to its reviewer for being random, whatever it was proposed for itself: these are
-- a random sample of all segments. scores are the model's, also where it is not sure.
WITH labelled AS (
    SELECT review.*, random_place(recording_id, speaker, start_s) AS place FROM review WHERE label IS NOT NULL
), last_drawn AS (
    SELECT reviewer, max(place) AS place FROM labelled WHERE reason = 'random' GROUP BY reviewer
), reviewed AS (
    FROM recording
    SEMI JOIN labelled ON recording_id = id
    WHERE ($recording::VARCHAR IS NULL OR id = $recording)
        AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
        AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
), wanted AS (
    SELECT unnest($dimensions::VARCHAR[]) AS dimension, unnest($names::VARCHAR[]) AS name
), other AS (
    SELECT id FROM reviewed, wanted
    WHERE name_key(name) <> name_key(group_name(dimension, agent, queue, customer, started_at, metadata))
), asked AS (
    FROM labelled WHERE recording_id IN (SELECT id FROM reviewed) AND recording_id NOT IN (FROM other)
)
SELECT asked.reviewer, asked.recording_id, said.segment, shown_label(asked.label) AS label,
    coalesce(asked.place <= last_drawn.place, false) AS in_sample,
    shown_label(said.emotion) AS emotion, said.scores
FROM asked
JOIN call_reviewed AS said USING (recording_id, speaker, start_s, end_s)
LEFT JOIN last_drawn ON last_drawn.reviewer = asked.reviewer
ORDER BY asked.reviewer, asked.recording_id, said.segment
