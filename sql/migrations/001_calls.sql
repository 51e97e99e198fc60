-- What a scan finds and hears. All times within a call are seconds from the start of the recording; segments,
-- words, speakers and channels count from 0. What can be worked out from these tables is a view, not a column.

CREATE TABLE scan (
    id INTEGER PRIMARY KEY,
    started_at TIMESTAMP NOT NULL,   -- UTC
    finished_at TIMESTAMP,           -- UTC; NULL: still running, or killed
    settings JSON NOT NULL,
    versions JSON NOT NULL,
    models JSON NOT NULL             -- the emotion model's id and the name of the ASR model among them
);

CREATE TABLE recording (
    id VARCHAR PRIMARY KEY,          -- SHA-256 of the file's bytes, in hexadecimal
    path VARCHAR NOT NULL,           -- where it was seen last
    size_bytes BIGINT NOT NULL,
    agent VARCHAR,
    customer VARCHAR,
    call_id VARCHAR,
    queue VARCHAR,
    started_at TIMESTAMP,            -- wall-clock time as the name or the side table writes it
    metadata MAP(VARCHAR, VARCHAR) NOT NULL,
    state VARCHAR NOT NULL CHECK (state IN ('done', 'failed')),
    reason VARCHAR,                  -- why it failed, in a few words that many recordings may share
    error VARCHAR,                   -- why it failed, in one sentence about this recording
    duration_s DOUBLE,
    channels INTEGER,
    sample_rate INTEGER,
    format VARCHAR,
    layout VARCHAR CHECK (layout IN ('stereo', 'dual mono', 'mono')),
    dropped MAP(VARCHAR, INTEGER),   -- number of stretches that gave no text, by reason
    warnings VARCHAR[],
    model_id VARCHAR,                -- the emotion model that scored it last
    scan_id INTEGER NOT NULL,        -- the scan that wrote it last
    stored_at TIMESTAMP NOT NULL     -- UTC
);

-- The tables below have no primary key: they are written a call at a time in one transaction, and an index over
-- millions of words would cost more than it guards.

CREATE TABLE speaker (
    recording_id VARCHAR NOT NULL,
    speaker INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    role VARCHAR NOT NULL CHECK (role IN ('agent', 'customer', 'unknown')),
    decided_by VARCHAR NOT NULL,     -- how the role was found, in words
    baseline_mean FLOAT[],           -- the speaker's mean voice on this call, in the features of model_id
    baseline_count INTEGER,          -- number of segments that it is the mean of
    model_id VARCHAR
);

CREATE TABLE segment (
    recording_id VARCHAR NOT NULL,
    segment INTEGER NOT NULL,
    speaker INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    channel INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    text VARCHAR NOT NULL,
    emotion VARCHAR,                 -- the label that counts, or 'uncertain'; NULL, as all below: not scored
    confidence FLOAT,
    scores MAP(VARCHAR, FLOAT),      -- label to probability, against the speaker's own baseline: these count
    raw_emotion VARCHAR,
    raw_scores MAP(VARCHAR, FLOAT)   -- the same without a baseline
);

CREATE TABLE word (
    recording_id VARCHAR NOT NULL,
    segment INTEGER NOT NULL,
    word INTEGER NOT NULL,           -- within the segment
    text VARCHAR NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    probability FLOAT NOT NULL
);
