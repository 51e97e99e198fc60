-- What files held when they were read last: a file of the same path, size and time of change is not read again.
-- Only a scan's search for recordings asks this table, and it may be emptied at any time.
CREATE TABLE file_hash (
    path VARCHAR PRIMARY KEY,
    size_bytes BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,        -- nanoseconds since 1970, UTC
    content VARCHAR NOT NULL         -- SHA-256 of the file's bytes, in hexadecimal: recording.id
);
