-- What comparing an agent's segments with earlier calls needs without the sound: the comparison is made when the calls
-- are stored, from what is stored, so that the scores don't depend on the order in which calls were scanned.
-- All NULL in calls that an older callmood scored: their scores stay as they are.
ALTER TABLE segment ADD COLUMN raw_logits FLOAT[];
ALTER TABLE segment ADD COLUMN relative_logits FLOAT[];
ALTER TABLE speaker ADD COLUMN earlier_mean FLOAT[];
ALTER TABLE speaker ADD COLUMN earlier_count INTEGER;

-- A file that could not be read fails each scan only once, as long as it has not changed.
ALTER TABLE unreadable ADD COLUMN size_bytes BIGINT;
ALTER TABLE unreadable ADD COLUMN mtime_ns BIGINT;

-- What callmood forget deleted: all that stays is the hash, so that the next scan does not take the recording for new.
CREATE TABLE forgotten (
    content VARCHAR PRIMARY KEY,
    forgotten_at TIMESTAMP NOT NULL
);
