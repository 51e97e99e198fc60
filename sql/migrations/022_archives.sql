-- Calls that were moved into an archive are known here, so that no scan takes their recordings for new, and agents are
-- still compared with what they sounded like on them.

CREATE TABLE archived (
    recording_id VARCHAR PRIMARY KEY,
    archive VARCHAR NOT NULL         -- absolute path of the folder
);

CREATE TABLE archived_voice (
    recording_id VARCHAR NOT NULL,
    speaker INTEGER NOT NULL,
    agent VARCHAR,
    started_at TIMESTAMP,
    model_id VARCHAR,
    baseline_mean FLOAT[],
    baseline_count INTEGER
);
