-- Which agents (queues, customers, days, values of a column of the metadata table) are there?
--
--   $by   'agent', 'queue', 'customer', 'day', or a column of the metadata table
SELECT DISTINCT group_name($by, agent, queue, customer, started_at, metadata) AS name
FROM recording
WHERE state = 'done'
ORDER BY name
