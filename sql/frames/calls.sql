-- Every call that is done: what is known of it, who talked how much, and the customer's and the agent's mood.
SELECT * EXCLUDE (metadata) FROM call_summary ORDER BY started_at NULLS LAST, path
