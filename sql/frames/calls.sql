-- Every scanned call: its facts, who talked how much, and the mood of customer and agent.
SELECT * EXCLUDE (metadata) FROM call_summary ORDER BY started_at NULLS LAST, path
