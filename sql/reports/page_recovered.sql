-- Which calls were turned round: somebody was upset, and not any more at the end? What did the agent say when it turned?
--
--   chosen  the figures of the calls (see chosen.sql)
--   $role        who was upset: 'customer' (with those whose role is not known), 'agent', or 'all'
--
-- Recovered: upset in some segment, scored in the last quarter of the conversation, there upset in none and with a mood
-- that is on the whole not negative. upset_s is where the most upset segment begins; the last ends at last_upset_s, and the
-- next of the same speaker that is not upset begins at
-- turned_s: what the agent says in between is what turned it.
WITH chosen_calls AS MATERIALIZED (
    SELECT recording_id, call_number FROM chosen WHERE role = $role
), felt AS (
    FROM segment_mood_of('chosen_calls') WHERE is_of(role, $role)
), turned AS (
    -- a condition on mood beside that on role would have the moods of all segments worked out, those of other calls too
    SELECT recording_id, speaker, any_value(role) FILTER (mood IS NOT NULL) AS role,
        max(upset) AS upset,
        arg_max(start_s, upset) AS upset_s,
        max(end_s) FILTER (is_likely(upset)) AS last_upset_s
    FROM felt
    GROUP BY recording_id, speaker
    HAVING bool_or(is_likely(upset))
        AND count(mood) FILTER (quarter = 4) > 0
        AND NOT bool_or(is_likely(upset)) FILTER (quarter = 4)
        AND sum(mood * seconds) FILTER (quarter = 4) >= -0.05 * sum(seconds) FILTER (quarter = 4 AND mood IS NOT NULL)
), calm AS (
    SELECT recording_id, speaker, min(start_s) AS turned_s
    FROM turned
    JOIN felt USING (recording_id, speaker)
    WHERE felt.start_s >= last_upset_s AND NOT is_likely(felt.upset)
    GROUP BY recording_id, speaker
)
SELECT recording_id, role, upset, upset_s, last_upset_s, turned_s
FROM turned
JOIN calm USING (recording_id, speaker)
ORDER BY upset DESC, recording_id
