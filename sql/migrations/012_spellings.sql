-- The sides of a call may be in two files.
ALTER TABLE recording ADD COLUMN other_path VARCHAR;

-- Agents Anna, ANNA and "anna " are one: reports group names by name_key and show the commonest spelling.

-- The names of one dimension (see group_name), each with its commonest spelling; of equally common ones rather "Anna"
-- than "ANNA" or "anna".
CREATE MACRO spellings(dimension) AS TABLE
SELECT name_key(spelling) AS key,
    first(spelling ORDER BY calls DESC, spelling IN (lower(spelling), upper(spelling)), spelling) AS name
FROM (
    SELECT trim(regexp_replace(nfc_normalize(
            group_name(dimension, agent, queue, customer, started_at, metadata)), '[\s\pZ]+', ' ', 'g')) AS spelling,
        count(*) AS calls
    FROM recording
    WHERE state = 'done'
    GROUP BY ALL
)
GROUP BY ALL;
COMMENT ON MACRO TABLE spellings IS 'The names of one dimension (agent, queue, customer, day or a column of the metadata table) with their commonest spelling';

-- One row per agent; calls whose agent is unknown are in one row too. Means are over calls, each with the same weight;
-- shares are of the customers' scored segments. A margin is half of the 95 % interval of its mean.
CREATE OR REPLACE VIEW agent_summary AS
SELECT any_value(name) AS agent,
    count(*) AS calls,
    sum(duration_s) / 3600 AS hours,
    avg(talk_ratio) AS talk_ratio,
    avg(dead_air_s / nullif(duration_s, 0)) AS dead_air,
    avg(overtalk_s / nullif(duration_s, 0)) AS overtalk,
    avg(interruptions_by_agent) AS interruptions_by_agent,
    avg(interruptions_by_customer) AS interruptions_by_customer,
    avg(agent_words_per_minute) AS words_per_minute,
    avg(customer_mood_start) FILTER (customer_mood_change IS NOT NULL) AS mood_start,
    avg(customer_mood_end) FILTER (customer_mood_change IS NOT NULL) AS mood_end,
    avg(customer_mood_change) AS mood_change,
    margin(stddev_samp(customer_mood_change), count(customer_mood_change)) AS mood_change_margin,
    sum(customer_angry) / nullif(sum(customer_scored), 0) AS angry,
    sum(customer_negative) / nullif(sum(customer_scored), 0) AS negative,
    sum(customer_uncertain) / nullif(sum(customer_scored), 0) AS uncertain,
    count(*) FILTER (ended_worse) AS ended_worse
FROM call_summary
JOIN spellings('agent') AS spelling ON spelling.key = name_key(coalesce(agent, '(unknown)'))
GROUP BY spelling.key;
