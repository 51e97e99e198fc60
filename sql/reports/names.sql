-- Which agents (queues, customers, days, values of a column of the metadata table) are there?
-- Each in its commonest spelling, with the key that its spellings share.
--
--   $by   'agent', 'queue', 'customer', 'day', 'week', 'month', 'hour', or a column of the metadata table
SELECT name, key
FROM spellings($by)
ORDER BY name
