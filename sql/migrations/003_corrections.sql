-- What a person corrected: the label of a stretch of a recording. It goes by its place in the recording and not by a
-- segment's number, and repeats what the segment said, so that another scan, which may cut the call otherwise, or
-- other scores lose none of it. A stretch that is corrected again keeps the last label.
CREATE TABLE correction (
    recording_id VARCHAR NOT NULL,
    speaker INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    channel INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    corrected_at TIMESTAMP NOT NULL, -- UTC
    PRIMARY KEY (recording_id, speaker, start_s, end_s)
);
