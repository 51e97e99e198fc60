-- What the emotion model's encoders made of segments, so that another classifier can score them without their sound.

-- Encoders of voice and of words change apart from each other, and redaction takes the words' vectors alone. Each row is a
-- vector of 16-bit numbers (float16, little-endian): a call's vectors together would not fit into a block of memory.
CREATE TABLE audio_vectors (
    recording_id VARCHAR NOT NULL,
    segment INTEGER NOT NULL,
    encoder VARCHAR NOT NULL,        -- hash of the encoders' weights and settings
    vector BLOB NOT NULL             -- empty without sound
);

CREATE TABLE text_vectors (
    recording_id VARCHAR NOT NULL,
    segment INTEGER NOT NULL,
    encoder VARCHAR NOT NULL,
    vector BLOB NOT NULL
);
