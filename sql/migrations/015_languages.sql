-- The language of each speaker: what is said in another language than English is scored by the voice alone.
ALTER TABLE speaker ADD COLUMN language VARCHAR;

-- Until now all speakers of a call were transcribed in the one language that was found in it.
UPDATE speaker SET language = recording.language FROM recording WHERE recording.id = speaker.recording_id;
