-- Which scan transcribed a call: its recogniser is that scan's models.asr. scan_id is another once the call was scored
-- again; of calls that were before this column was there, the scan that scored them last is taken for it.
ALTER TABLE recording ADD COLUMN transcribed_in INTEGER;
UPDATE recording SET transcribed_in = scan_id WHERE state = 'done';
