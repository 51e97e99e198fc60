-- Which calls is a report about? The places of their rows in the table call_figures are kept as the table chosen_places,
-- for the questions that make up the report: they are many, and names take a while to compare. Those read the rows in the
-- view chosen, which is all of call_figures if the report is about all calls.
--
--   $dimensions, $names   only calls of this agent (queue, customer, day ...): two lists of equal length
--   $role        whose mood: 'customer', 'agent', or 'all' for every voice on the call
--   $recording   one recording, by its id; NULL: all
--   $since, $until   start of the call, the second excluded; NULL: no bound
CREATE OR REPLACE TEMP TABLE chosen_places AS
WITH in_time AS (
    SELECT rowid AS place, agent, queue, customer, started_at, metadata
    FROM call_figures
    WHERE role = $role
        AND ($recording::VARCHAR IS NULL OR recording_id = $recording)
        AND ($since::TIMESTAMP IS NULL OR started_at >= $since::TIMESTAMP)
        AND ($until::TIMESTAMP IS NULL OR started_at < $until::TIMESTAMP)
), wanted AS (
    SELECT unnest($dimensions::VARCHAR[]) AS dimension, unnest($names::VARCHAR[]) AS name
), named AS (
    SELECT place, dimension, name, group_name(dimension, agent, queue, customer, started_at, metadata) AS given
    FROM in_time, wanted
), meant AS (
    SELECT dimension, given
    FROM named
    GROUP BY dimension, name, given
    -- of an aggregate, or DuckDB would compare the names of each call before it groups them
    HAVING name_key(any_value(given)) = name_key(name)
)
SELECT place FROM in_time WHERE len($names::VARCHAR[]) = 0
UNION ALL
SELECT place FROM named SEMI JOIN meant USING (dimension, given) GROUP BY place HAVING count(*) = len($names::VARCHAR[])
