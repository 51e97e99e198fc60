-- Names are compared once each, not once a call: what makes two of them one takes a while, and calls are many.

-- The names of one dimension (see group_name) as calls give them, each with the key that its spellings share and the
-- commonest of these; of equally common ones rather "Anna" than "ANNA" or "anna".
CREATE MACRO spelled(dimension) AS TABLE
WITH raw AS (
    SELECT group_name(dimension, agent, queue, customer, started_at, metadata) AS given, count(*) AS calls
    FROM recording
    WHERE state = 'done'
    GROUP BY ALL
), cleaned AS (
    SELECT given, trim(regexp_replace(nfc_normalize(given), '[\s\pZ]+', ' ', 'g')) AS spelling, calls FROM raw
), commonest AS (
    SELECT name_key(spelling) AS key,
        first(spelling ORDER BY calls DESC, spelling IN (lower(spelling), upper(spelling)), spelling) AS name
    FROM (SELECT spelling, sum(calls) AS calls FROM cleaned GROUP BY ALL)
    GROUP BY ALL
)
SELECT given, key, name FROM cleaned JOIN commonest ON key = name_key(spelling);
COMMENT ON MACRO TABLE spelled IS 'The names of one dimension (agent, queue, customer, day or a column of the metadata table) as calls give them, with their key and their commonest spelling';

CREATE OR REPLACE MACRO spellings(dimension) AS TABLE
SELECT DISTINCT key, name FROM spelled(dimension);
COMMENT ON MACRO TABLE spellings IS 'The names of one dimension (agent, queue, customer, day or a column of the metadata table) with their commonest spelling';

-- The recordings that have not all of these names: dimensions[i], as group_name knows them, is not names[i] in any spelling.
CREATE MACRO not_named(dimensions, names) AS TABLE
SELECT DISTINCT id AS recording_id
FROM recording, (SELECT unnest(dimensions::VARCHAR[]) AS dimension, unnest(names::VARCHAR[]) AS wanted)
WHERE name_key(wanted) <> name_key(group_name(dimension, agent, queue, customer, started_at, metadata));
COMMENT ON MACRO TABLE not_named IS 'The recordings that have not all of the names: names[i] in dimensions[i]';

DROP MACRO is_chosen;
