-- Whether what is said on a call was stored without what is secret in it, so that calls can be redacted later on.
ALTER TABLE recording ADD COLUMN redacted BOOLEAN;

UPDATE recording SET redacted = coalesce((scan.settings->'transcribe'->>'redact')::BOOLEAN, false)
FROM scan
WHERE state = 'done' AND scan.id = coalesce(transcribed_in, scan_id);

-- A call that nobody knows the scan of may hold anything.
UPDATE recording SET redacted = false WHERE state = 'done' AND redacted IS NULL;
