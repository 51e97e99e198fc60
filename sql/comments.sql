-- What every table, view and column holds, for those who open the database with other tools. Applied after the newest
-- migration, because CREATE OR REPLACE VIEW drops the comments of a view.

COMMENT ON TABLE migration IS 'The changes of the schema that were applied to this database.';
COMMENT ON COLUMN migration.version IS 'Number of the migration; the largest is the version of the schema.';
COMMENT ON COLUMN migration.name IS 'File of the migration.';
COMMENT ON COLUMN migration.applied_at IS 'When it was applied, UTC.';

COMMENT ON TABLE scan IS 'One row per run of callmood scan that had something to do.';
COMMENT ON COLUMN scan.id IS 'Number of the scan, from 1.';
COMMENT ON COLUMN scan.started_at IS 'When it began, UTC.';
COMMENT ON COLUMN scan.finished_at IS 'When it ended, UTC; NULL: still running, or interrupted.';
COMMENT ON COLUMN scan.settings IS 'All settings of the scan, JSON.';
COMMENT ON COLUMN scan.versions IS 'Versions of callmood and of the packages behind its results, JSON.';
COMMENT ON COLUMN scan.models IS 'The models used, JSON: emotion (its id), asr and diarizer (their names).';

COMMENT ON TABLE recording IS 'One row per recording, scanned or failed; identical files are one recording.';
COMMENT ON COLUMN recording.id IS
    'SHA-256 of the file''s bytes, in hexadecimal; of a call in two files, of both hashes with a space between.';
COMMENT ON COLUMN recording.path IS 'Where the file was last seen.';
COMMENT ON COLUMN recording.other_path IS
    'The file with the second channel, if the sides of the call are in two files; then path is the one with the first.';
COMMENT ON COLUMN recording.size_bytes IS 'Size of its files in bytes.';
COMMENT ON COLUMN recording.agent IS
    'Name of the agent, from the file name, its folder or the metadata table; NULL: unknown.';
COMMENT ON COLUMN recording.customer IS 'Name or number of the customer; NULL: unknown.';
COMMENT ON COLUMN recording.call_id IS 'Id of the call in the telephone system; NULL: unknown.';
COMMENT ON COLUMN recording.queue IS 'Queue of the call; NULL: unknown.';
COMMENT ON COLUMN recording.started_at IS 'Start of the call in the local time of those who had it; NULL: unknown.';
COMMENT ON COLUMN recording.metadata IS 'All other facts from the metadata table and the name pattern, by column name.';
COMMENT ON COLUMN recording.state IS '''done'', or ''failed'' if it could not be scanned.';
COMMENT ON COLUMN recording.reason IS 'Why it failed, in a few words that many recordings share; NULL if done.';
COMMENT ON COLUMN recording.error IS 'Why it failed, in a sentence about this recording; NULL if done.';
COMMENT ON COLUMN recording.duration_s IS 'Length in seconds; NULL if failed.';
COMMENT ON COLUMN recording.channels IS 'Number of channels of the file; NULL if failed.';
COMMENT ON COLUMN recording.sample_rate IS 'Samples per second of the file, in Hz; NULL if failed.';
COMMENT ON COLUMN recording.format IS 'Container and codec of the file; NULL if failed.';
COMMENT ON COLUMN recording.layout IS
    '''stereo'': each channel is a speaker. ''dual mono'': both channels hold the same sound. ''mono'': one channel.';
COMMENT ON COLUMN recording.language IS
    'Language of most of the speech, such as ''es''; NULL where no speech recogniser could tell languages apart.';
COMMENT ON COLUMN recording.understood IS
    'Whether the words can be relied on; figures of words and moods leave out the others. NULL before schema 13.';
COMMENT ON COLUMN recording.dropped IS 'Number of stretches of sound that gave no text, by reason.';
COMMENT ON COLUMN recording.warnings IS 'What could not be heard or understood, one sentence each.';
COMMENT ON COLUMN recording.model_id IS 'Id of the emotion model that scored it last; NULL: not scored.';
COMMENT ON COLUMN recording.scan_id IS 'The scan that wrote it last: scan.id.';
COMMENT ON COLUMN recording.stored_at IS 'When it was written last, UTC.';
COMMENT ON COLUMN recording.transcribed_in IS 'The scan that transcribed it: scan.id.';
COMMENT ON COLUMN recording.redacted IS
    'Whether the file holds its words only without what is secret in them; NULL: it could not be scanned.';
COMMENT ON COLUMN recording.call_number IS
    'Number of the call, in the order of storing; 0: it has none, as in an archive or in several databases read as one.';

COMMENT ON TABLE speaker IS 'One row per speaker of a call.';
COMMENT ON COLUMN speaker.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN speaker.speaker IS 'Number of the speaker within the call, from 0.';
COMMENT ON COLUMN speaker.channel IS 'Channel that the speaker is heard on, from 0.';
COMMENT ON COLUMN speaker.role IS '''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN speaker.decided_by IS 'How the role was decided, in words.';
COMMENT ON COLUMN speaker.language IS
    'Language in which the speaker was transcribed, such as ''es''; NULL: English, by a recogniser that knows no other.';
COMMENT ON COLUMN speaker.baseline_mean IS
    'Mean logits of the emotion model over the speaker''s segments, one per label; NULL: not scored.';
COMMENT ON COLUMN speaker.baseline_count IS 'Number of segments behind baseline_mean.';
COMMENT ON COLUMN speaker.model_id IS 'Id of the emotion model of baseline_mean.';
COMMENT ON COLUMN speaker.earlier_mean IS
    'The agent''s mean voice over earlier calls, as in baseline_mean, that the scores of this call are compared with.';
COMMENT ON COLUMN speaker.earlier_count IS
    'Number of segments that earlier_mean is the mean of; 0: compared with this call alone; NULL: not known.';
COMMENT ON COLUMN speaker.upset IS
    'Probability that a listener would call the speaker annoyed, angry or distressed at any time of the call, 0 to 1.';
COMMENT ON COLUMN speaker.upset_from_s IS
    'When that began: the first segment with more than one half, in seconds from the start; NULL: none has that much.';
COMMENT ON COLUMN speaker.pleased IS 'Probability that the speaker is pleased at any time of the call, 0 to 1.';
COMMENT ON COLUMN speaker.pleased_from_s IS
    'When that began: the first segment with more than one half, in seconds from the start; NULL: none has that much.';
COMMENT ON COLUMN speaker.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE segment IS 'One row per segment: what one speaker says without a longer pause.';
COMMENT ON COLUMN segment.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN segment.segment IS 'Number of the segment within the call, from 0.';
COMMENT ON COLUMN segment.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN segment.role IS 'Role of the speaker: ''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN segment.channel IS 'Channel of the speaker, from 0.';
COMMENT ON COLUMN segment.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN segment.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN segment.text IS 'What is said; empty where it could not be transcribed.';
COMMENT ON COLUMN segment.emotion IS
    'The most probable label, ''neutral'' for calm too, or ''uncertain''; NULL: not scored.';
COMMENT ON COLUMN segment.confidence IS
    'Probability of the mood of the emotion, 0 to 1: even-tempered, upset or another; NULL: not scored.';
COMMENT ON COLUMN segment.scores IS
    'Probability of each label, 0 to 1, against the speaker''s own baseline: what counts. NULL: not scored.';
COMMENT ON COLUMN segment.raw_emotion IS
    'The most probable label without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment.raw_scores IS
    'Probability of each label, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment.raw_logits IS
    'Logits of the labels for the voice alone, without a baseline; NULL without sound.';
COMMENT ON COLUMN segment.relative_logits IS
    'Logits of the labels for the voice alone, before a baseline is subtracted, which is a mean of such logits.';
COMMENT ON COLUMN segment.upset IS
    'Probability that a listener would call the speaker annoyed, angry or distressed here, 0 to 1; neighbouring segments count too.';
COMMENT ON COLUMN segment.pleased IS
    'Probability that the speaker is pleased here, 0 to 1; neighbouring segments count too.';
COMMENT ON COLUMN segment.evidence IS
    'What speaks for the emotion, or for upset or pleased: ''voice'', ''words'' or ''both''; NULL: the segment says nothing.';
COMMENT ON COLUMN segment.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE word IS 'One row per word of a segment.';
COMMENT ON COLUMN word.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN word.segment IS 'The segment: segment.segment.';
COMMENT ON COLUMN word.word IS 'Number of the word within the segment, from 0.';
COMMENT ON COLUMN word.text IS 'The word.';
COMMENT ON COLUMN word.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN word.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN word.probability IS 'How sure the speech recogniser is of the word, 0 to 1.';
COMMENT ON COLUMN word.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE correction IS 'The labels of segments that people corrected. They outlive another scan of the call.';
COMMENT ON COLUMN correction.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN correction.speaker IS 'Number of the speaker within the call, from 0, when it was corrected.';
COMMENT ON COLUMN correction.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN correction.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN correction.channel IS 'Channel of the speaker, from 0.';
COMMENT ON COLUMN correction.role IS 'Role of the speaker: ''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN correction.text IS 'What is said.';
COMMENT ON COLUMN correction.label IS 'The label that a person gave it.';
COMMENT ON COLUMN correction.corrected_at IS 'When, UTC.';
COMMENT ON COLUMN correction.corrected_by IS 'Who corrected it; NULL: corrected by a callmood that did not ask.';

COMMENT ON TABLE review IS 'What people heard in segments that callmood review played to them, a row for each of them.';
COMMENT ON COLUMN review.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN review.speaker IS 'Number of the segment''s speaker within the call, from 0, when it was reviewed.';
COMMENT ON COLUMN review.start_s IS 'Start of the segment, in seconds from the start of the recording.';
COMMENT ON COLUMN review.end_s IS 'End of the segment, in seconds from the start of the recording.';
COMMENT ON COLUMN review.reviewer IS 'Who heard it.';
COMMENT ON COLUMN review.reason IS
    'Why it was proposed: ''random'', ''uncertain'', ''rare'', ''words against voice'', or ''chosen'' with its call.';
COMMENT ON COLUMN review.label IS 'The label that the reviewer gave it; NULL: it can''t be told.';
COMMENT ON COLUMN review.text IS 'The words that were said; NULL: those of the segment.';
COMMENT ON COLUMN review.said_by IS 'Number of the speaker who said it; NULL: the one of the segment.';
COMMENT ON COLUMN review.role IS 'Role of who said it; NULL: the one of the segment.';
COMMENT ON COLUMN review.reviewed_at IS 'When, UTC.';

COMMENT ON VIEW heard IS 'What reviewers last corrected of a segment besides its label.';
COMMENT ON COLUMN heard.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN heard.speaker IS 'Number of the segment''s speaker within the call, from 0, when it was reviewed.';
COMMENT ON COLUMN heard.start_s IS 'Start of the segment, in seconds from the start of the recording.';
COMMENT ON COLUMN heard.end_s IS 'End of the segment, in seconds from the start of the recording.';
COMMENT ON COLUMN heard.text IS 'The words that were said; NULL: those of the segment.';
COMMENT ON COLUMN heard.said_by IS 'Number of the speaker who said it; NULL: the one of the segment.';
COMMENT ON COLUMN heard.role IS 'Role of who said it; NULL: the one of the segment.';

COMMENT ON TABLE file_hash IS
    'Files as they were last read, so that unchanged ones are not read again. May be emptied.';
COMMENT ON COLUMN file_hash.path IS 'Path of the file.';
COMMENT ON COLUMN file_hash.size_bytes IS 'Size in bytes.';
COMMENT ON COLUMN file_hash.mtime_ns IS 'Time of the last change, in nanoseconds since 1970, UTC.';
COMMENT ON COLUMN file_hash.content IS 'SHA-256 of the file''s bytes, in hexadecimal: recording.id.';

COMMENT ON TABLE forgotten IS 'Recordings that callmood forget deleted, so that no scan takes them for new.';
COMMENT ON COLUMN forgotten.content IS 'SHA-256 of the file''s bytes, in hexadecimal, as recording.id was.';
COMMENT ON COLUMN forgotten.forgotten_at IS 'When it was forgotten, UTC.';

COMMENT ON TABLE unreadable IS
    'Files and folders that could not be read when a scan last looked there. They have no recording.';
COMMENT ON COLUMN unreadable.path IS 'Path of the file or folder.';
COMMENT ON COLUMN unreadable.reason IS 'Why, in a few words that many files share.';
COMMENT ON COLUMN unreadable.error IS 'Why, in a sentence about this file.';
COMMENT ON COLUMN unreadable.size_bytes IS 'Size of the file when it was seen, in bytes; NULL for folders.';
COMMENT ON COLUMN unreadable.mtime_ns IS
    'Modification time of the file when it was seen, in nanoseconds since 1970, UTC; NULL for folders.';
COMMENT ON COLUMN unreadable.seen_at IS 'When a scan last looked there, UTC.';

COMMENT ON VIEW segment_mood IS
    'One row per segment, with its moods. A person''s correction beats the model; calls that were not understood have no moods.';
COMMENT ON COLUMN segment_mood.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN segment_mood.segment IS 'Number of the segment within the call, from 0.';
COMMENT ON COLUMN segment_mood.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN segment_mood.role IS 'Role of the speaker: ''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN segment_mood.channel IS 'Channel of the speaker, from 0.';
COMMENT ON COLUMN segment_mood.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN segment_mood.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN segment_mood.seconds IS 'Length in seconds.';
COMMENT ON COLUMN segment_mood.text IS 'What is said; empty where it could not be transcribed.';
COMMENT ON COLUMN segment_mood.emotion IS
    'The corrected label, else the most probable one, ''neutral'' for calm too, or ''uncertain''; NULL: not scored.';
COMMENT ON COLUMN segment_mood.confidence IS
    'Probability of the mood of the emotion, 0 to 1: even-tempered, upset or another; 1 of a corrected one; NULL: not scored.';
COMMENT ON COLUMN segment_mood.mood IS
    'Mood from -1 (angry) over 0 (neutral) to 1 (happy), from the probabilities of all labels; NULL: not scored.';
COMMENT ON COLUMN segment_mood.upset IS
    'Probability that a listener would call the speaker annoyed, angry or distressed here, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN segment_mood.pleased IS
    'Probability that the speaker is pleased here, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN segment_mood.evidence IS
    'What speaks for the emotion, or for upset or pleased: ''voice'', ''words'', ''both'', or the ''correction'' of a person.';
COMMENT ON COLUMN segment_mood.quarter IS
    'Quarter of the conversation, from its first word to its last, that the middle of the segment is in: 1 to 4.';

COMMENT ON VIEW segment_scores IS 'One row per segment, with its mood and a column for the probability of each label.';
COMMENT ON COLUMN segment_scores.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN segment_scores.segment IS 'Number of the segment within the call, from 0.';
COMMENT ON COLUMN segment_scores.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN segment_scores.role IS 'Role of the speaker: ''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN segment_scores.channel IS 'Channel of the speaker, from 0.';
COMMENT ON COLUMN segment_scores.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN segment_scores.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN segment_scores.seconds IS 'Length in seconds.';
COMMENT ON COLUMN segment_scores.text IS 'What is said; empty where it could not be transcribed.';
COMMENT ON COLUMN segment_scores.emotion IS
    'The corrected label, else the most probable one, ''neutral'' for calm too, or ''uncertain''; NULL: not scored.';
COMMENT ON COLUMN segment_scores.confidence IS
    'Probability of the mood of the emotion, 0 to 1: even-tempered, upset or another; 1 of a corrected one; NULL: not scored.';
COMMENT ON COLUMN segment_scores.mood IS
    'Mood from -1 (angry) over 0 (neutral) to 1 (happy), from the probabilities of all labels; NULL: not scored.';
COMMENT ON COLUMN segment_scores.upset IS
    'Probability that a listener would call the speaker annoyed, angry or distressed here, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN segment_scores.pleased IS
    'Probability that the speaker is pleased here, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN segment_scores.evidence IS
    'What speaks for the emotion, or for upset or pleased: ''voice'', ''words'', ''both'', or the ''correction'' of a person.';
COMMENT ON COLUMN segment_scores.quarter IS
    'Quarter of the conversation, from its first word to its last, that the middle of the segment is in: 1 to 4.';
COMMENT ON COLUMN segment_scores.angry IS
    'Probability of angry, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.calm IS
    'Probability of calm, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.disgust IS
    'Probability of disgust, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.fearful IS
    'Probability of fearful, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.happy IS
    'Probability of happy, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.neutral IS
    'Probability of neutral, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.sad IS
    'Probability of sad, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.surprised IS
    'Probability of surprised, 0 to 1, against the speaker''s own baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_emotion IS
    'The most probable label without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_angry IS
    'Probability of angry, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_calm IS
    'Probability of calm, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_disgust IS
    'Probability of disgust, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_fearful IS
    'Probability of fearful, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_happy IS
    'Probability of happy, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_neutral IS
    'Probability of neutral, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_sad IS
    'Probability of sad, 0 to 1, without a baseline; NULL: not scored.';
COMMENT ON COLUMN segment_scores.raw_surprised IS
    'Probability of surprised, 0 to 1, without a baseline; NULL: not scored.';

COMMENT ON TABLE call_mood IS
    'One row per call and side that speaks in it, and one for all. Means weigh segments by length. Filled by callmood.';
COMMENT ON COLUMN call_mood.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_mood.role IS '''agent''; ''customer'', with speakers whose role is not known; or ''all''.';
COMMENT ON COLUMN call_mood.scored IS 'Number of scored segments.';
COMMENT ON COLUMN call_mood.angry IS 'Number of segments whose emotion is angry.';
COMMENT ON COLUMN call_mood.negative IS 'Number of segments whose emotion is angry, disgust, fearful or sad.';
COMMENT ON COLUMN call_mood.uncertain IS 'Number of segments whose emotion is uncertain.';
COMMENT ON COLUMN call_mood.mood IS 'Mean mood, -1 (angry) to 1 (happy); NULL: nothing scored.';
COMMENT ON COLUMN call_mood.mood_start IS
    'Mood in the first quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_mood.mood_second IS
    'Mood in the second quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_mood.mood_third IS
    'Mood in the third quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_mood.mood_end IS
    'Mood in the last quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_mood.mood_change IS 'mood_end less mood_start, -2 to 2; negative: it got worse.';
COMMENT ON COLUMN call_mood.ended_worse IS 'Whether the mood fell by at least 0.2, to below 0.';
COMMENT ON COLUMN call_mood.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON VIEW speaker_mood IS
    'One row per speaker of a call: whether upset or pleased, and when. What a person corrected beats the model.';
COMMENT ON COLUMN speaker_mood.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN speaker_mood.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN speaker_mood.role IS 'Role of the speaker: ''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN speaker_mood.upset IS
    'Probability that the speaker was upset at any time, 0 to 1; NULL: not scored, by an older callmood, or not understood.';
COMMENT ON COLUMN speaker_mood.upset_from_s IS
    'When that began, in seconds from the start; NULL: no segment has more than one half.';
COMMENT ON COLUMN speaker_mood.pleased IS
    'Probability that the speaker was pleased at any time, 0 to 1; NULL: not scored, by an older callmood, or not understood.';
COMMENT ON COLUMN speaker_mood.pleased_from_s IS
    'When that began, in seconds from the start; NULL: no segment has more than one half.';

COMMENT ON TABLE call_moment IS
    'One row per call and side on which somebody was upset: the worst moment. Filled by callmood from other tables.';
COMMENT ON COLUMN call_moment.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_moment.role IS '''agent''; ''customer'', with speakers whose role is not known; or ''all''.';
COMMENT ON COLUMN call_moment.upset IS 'The highest probability that the speaker was upset in it, 0.5 to 1, to two decimals.';
COMMENT ON COLUMN call_moment.seconds IS 'Its length in seconds.';
COMMENT ON COLUMN call_moment.start_s IS 'Its start, in seconds from the start of the recording.';
COMMENT ON COLUMN call_moment.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE call_upset IS
    'One row per call and side: whether somebody on it got upset or pleased, and when, from 0.5 on. Filled by callmood.';
COMMENT ON COLUMN call_upset.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_upset.role IS '''agent''; ''customer'', with speakers whose role is not known; or ''all''.';
COMMENT ON COLUMN call_upset.upset IS 'Probability that somebody was upset, 0 to 1; NULL: not known.';
COMMENT ON COLUMN call_upset.upset_from_s IS 'When that began, in seconds from the start; NULL: not at a certain time.';
COMMENT ON COLUMN call_upset.pleased IS 'Probability that somebody was pleased, 0 to 1; NULL: not known.';
COMMENT ON COLUMN call_upset.pleased_from_s IS 'When that began, in seconds from the start; NULL: not at a certain time.';
COMMENT ON COLUMN call_upset.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE speech IS
    'Stretches in which a speaker is heard, with words or without; of calls scanned before schema 13 their segments.';
COMMENT ON COLUMN speech.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN speech.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN speech.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN speech.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN speech.dropped IS 'Why the words are not known, as in recording.dropped; NULL: they are.';
COMMENT ON COLUMN speech.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE hold IS 'Stretches that are no conversation: they are nobody''s talk and no dead air.';
COMMENT ON COLUMN hold.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN hold.kind IS '''music'', ''tone'' (ringing, busy, keys) or ''announcement'' (of a machine).';
COMMENT ON COLUMN hold.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN hold.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN hold.text IS 'What an announcement says; NULL for music and tones.';
COMMENT ON COLUMN hold.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON VIEW talk IS
    'Who is heard when, with words or without: the table speech with the roles of the speakers.';
COMMENT ON COLUMN talk.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN talk.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN talk.role IS 'Role of the speaker: ''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN talk.start_s IS 'Start, in seconds from the start of the recording.';
COMMENT ON COLUMN talk.end_s IS 'End, in seconds from the start of the recording.';
COMMENT ON COLUMN talk.dropped IS 'Why there are no words, as in recording.dropped; NULL: there are.';

COMMENT ON TABLE call_span IS
    'One row per call that is done: what of it is heard and corrected. Filled by callmood from other tables.';
COMMENT ON COLUMN call_span.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_span.first_s IS 'Start of the first segment, in seconds from the start; NULL: there is none.';
COMMENT ON COLUMN call_span.last_s IS 'End of the last segment, in seconds from the start; NULL: there is none.';
COMMENT ON COLUMN call_span.speakers IS 'Number of speakers who are heard; NULL: nobody is.';
COMMENT ON COLUMN call_span.speech_s IS 'Seconds of speech, overlapping stretches each for themselves; NULL: nobody is heard.';
COMMENT ON COLUMN call_span.untranscribed_s IS 'Seconds of speech that no words were found for; NULL: none.';
COMMENT ON COLUMN call_span.corrections IS 'Number of corrected segments; NULL: none.';
COMMENT ON COLUMN call_span.correctors IS 'Who corrected them, one name for each; NULL: none.';
COMMENT ON COLUMN call_span.corrected_at IS 'When one was last corrected, UTC; NULL: none.';
COMMENT ON COLUMN call_span.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE call_talk IS 'One row per call that is done: who talks how long, and when nobody does. Filled by callmood from other tables.';
COMMENT ON COLUMN call_talk.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_talk.duration_s IS 'Length of the recording in seconds.';
COMMENT ON COLUMN call_talk.speech_s IS
    'Seconds in which someone is heard, by voice activity; what overlaps counts for each speaker.';
COMMENT ON COLUMN call_talk.agent_s IS 'Seconds in which the agent is heard.';
COMMENT ON COLUMN call_talk.customer_s IS 'Seconds in which the customer, or somebody whose role is not known, is heard.';
COMMENT ON COLUMN call_talk.talk_ratio IS
    'The agent''s share of the speech of agent and customer, 0 to 1; NULL if fewer than two are heard, or no agent is known.';
COMMENT ON COLUMN call_talk.dead_air_s IS
    'Seconds in silences of 2 s or more between the first speech and the last, without holds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_talk.longest_silence_s IS
    'Longest silence between the first speech and the last, in seconds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_talk.overtalk_s IS
    'Seconds in which two or more speak at once; NULL unless the layout is stereo and two are heard.';
COMMENT ON COLUMN call_talk.interruptions_by_agent IS
    'How often the agent interrupts; NULL unless the layout is stereo, two are heard and an agent is known.';
COMMENT ON COLUMN call_talk.interruptions_by_customer IS
    'How often the customer interrupts; NULL unless the layout is stereo, two are heard and an agent is known.';
COMMENT ON COLUMN call_talk.agent_words_per_minute IS
    'Words per minute of the agent''s transcribed speech; NULL: there is none, or it was not understood.';
COMMENT ON COLUMN call_talk.customer_words_per_minute IS
    'Words per minute of the customer''s transcribed speech; NULL: there is none, or it was not understood.';
COMMENT ON COLUMN call_talk.longest_monologue_s IS
    'Longest time that the agent speaks without a word from others, in seconds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_talk.untranscribed_s IS 'Seconds of speech that no words were found for.';
COMMENT ON COLUMN call_talk.hold_s IS 'Seconds of music, tones and announcements.';
COMMENT ON COLUMN call_talk.speakers IS 'Number of speakers who are heard.';
COMMENT ON COLUMN call_talk.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON VIEW call_summary IS
    'One row per call that is done: its facts, who talks how much, and the mood of customer and agent.';
COMMENT ON COLUMN call_summary.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_summary.path IS 'Where the file was last seen.';
COMMENT ON COLUMN call_summary.agent IS
    'Name of the agent, from the file name, its folder or the metadata table; NULL: unknown.';
COMMENT ON COLUMN call_summary.customer IS 'Name or number of the customer; NULL: unknown.';
COMMENT ON COLUMN call_summary.call_id IS 'Id of the call in the telephone system; NULL: unknown.';
COMMENT ON COLUMN call_summary.queue IS 'Queue of the call; NULL: unknown.';
COMMENT ON COLUMN call_summary.started_at IS 'Start of the call in the local time of its source; NULL: unknown.';
COMMENT ON COLUMN call_summary.metadata IS
    'All other facts from the metadata table and the name pattern, by column name.';
COMMENT ON COLUMN call_summary.layout IS
    '''stereo'': each channel is a speaker. ''dual mono'': both channels hold the same sound. ''mono'': one channel.';
COMMENT ON COLUMN call_summary.model_id IS 'Id of the emotion model that scored it last; NULL: not scored.';
COMMENT ON COLUMN call_summary.language IS
    'Language of most of the speech, such as ''es''; NULL where no speech recogniser could tell languages apart.';
COMMENT ON COLUMN call_summary.understood IS
    'Whether the words can be relied on; if not, figures leave the call out. NULL: not known.';
COMMENT ON COLUMN call_summary.duration_s IS 'Length of the recording in seconds.';
COMMENT ON COLUMN call_summary.speech_s IS
    'Seconds in which someone is heard, by voice activity; what overlaps counts for each speaker.';
COMMENT ON COLUMN call_summary.agent_s IS 'Seconds in which the agent is heard.';
COMMENT ON COLUMN call_summary.customer_s IS 'Seconds in which the customer, or somebody whose role is not known, is heard.';
COMMENT ON COLUMN call_summary.talk_ratio IS
    'The agent''s share of the speech of agent and customer, 0 to 1; NULL if fewer than two are heard, or no agent is known.';
COMMENT ON COLUMN call_summary.dead_air_s IS
    'Seconds in silences of 2 s or more between the first speech and the last, without holds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_summary.longest_silence_s IS
    'Longest silence between the first speech and the last, in seconds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_summary.overtalk_s IS
    'Seconds in which two or more speak at once; NULL unless the layout is stereo and two are heard.';
COMMENT ON COLUMN call_summary.interruptions_by_agent IS
    'How often the agent interrupts; NULL unless the layout is stereo, two are heard and an agent is known.';
COMMENT ON COLUMN call_summary.interruptions_by_customer IS
    'How often the customer interrupts; NULL unless the layout is stereo, two are heard and an agent is known.';
COMMENT ON COLUMN call_summary.agent_words_per_minute IS
    'Words per minute of the agent''s transcribed speech; NULL: there is none, or it was not understood.';
COMMENT ON COLUMN call_summary.customer_words_per_minute IS
    'Words per minute of the customer''s transcribed speech; NULL: there is none, or it was not understood.';
COMMENT ON COLUMN call_summary.longest_monologue_s IS
    'Longest time that the agent speaks without a word from others, in seconds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_summary.untranscribed_s IS 'Seconds of speech that no words were found for.';
COMMENT ON COLUMN call_summary.hold_s IS 'Seconds of music, tones and announcements.';
COMMENT ON COLUMN call_summary.speakers IS 'Number of speakers who are heard.';
COMMENT ON COLUMN call_summary.customer_upset IS
    'Probability that the customer, or somebody whose role is not known, was upset at any time, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN call_summary.customer_upset_from_s IS 'When that began, in seconds from the start of the recording.';
COMMENT ON COLUMN call_summary.customer_pleased IS
    'Probability that the customer, or somebody whose role is not known, was pleased at any time, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN call_summary.customer_pleased_from_s IS 'When that began, in seconds from the start of the recording.';
COMMENT ON COLUMN call_summary.customer_scored IS
    'Number of the customer''s scored segments; NULL: the customer does not speak.';
COMMENT ON COLUMN call_summary.customer_angry IS 'Number of the customer''s segments whose emotion is angry.';
COMMENT ON COLUMN call_summary.customer_negative IS
    'Number of the customer''s segments whose emotion is angry, disgust, fearful or sad.';
COMMENT ON COLUMN call_summary.customer_uncertain IS 'Number of the customer''s segments whose emotion is uncertain.';
COMMENT ON COLUMN call_summary.customer_mood IS
    'Mean mood of the customer, -1 (angry) to 1 (happy), weighted by the length of segments; NULL: nothing scored.';
COMMENT ON COLUMN call_summary.customer_mood_start IS
    'The customer''s mood in the first quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_summary.customer_mood_end IS
    'The customer''s mood in the last quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_summary.customer_mood_change IS
    'customer_mood_end less customer_mood_start, -2 to 2; negative: it got worse.';
COMMENT ON COLUMN call_summary.ended_worse IS 'Whether the customer''s mood fell by at least 0.2, to below 0.';
COMMENT ON COLUMN call_summary.agent_upset IS
    'Probability that the agent was upset at any time, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN call_summary.agent_upset_from_s IS 'When that began, in seconds from the start of the recording.';
COMMENT ON COLUMN call_summary.agent_pleased IS
    'Probability that the agent was pleased at any time, 0 to 1; NULL: not scored, or by an older callmood.';
COMMENT ON COLUMN call_summary.agent_pleased_from_s IS 'When that began, in seconds from the start of the recording.';
COMMENT ON COLUMN call_summary.agent_scored IS
    'Number of the agent''s scored segments; NULL: the agent does not speak.';
COMMENT ON COLUMN call_summary.agent_angry IS 'Number of the agent''s segments whose emotion is angry.';
COMMENT ON COLUMN call_summary.agent_negative IS
    'Number of the agent''s segments whose emotion is angry, disgust, fearful or sad.';
COMMENT ON COLUMN call_summary.agent_uncertain IS 'Number of the agent''s segments whose emotion is uncertain.';
COMMENT ON COLUMN call_summary.agent_mood IS
    'Mean mood of the agent, -1 (angry) to 1 (happy), weighted by the length of segments; NULL: nothing scored.';

COMMENT ON VIEW agent_summary IS
    'One row per agent, over the calls that are done. Each call counts the same in a mean.';
COMMENT ON COLUMN agent_summary.agent IS
    'Name of the agent in its commonest spelling; ''(unknown)'': all calls whose agent is not known.';
COMMENT ON COLUMN agent_summary.calls IS 'Number of calls.';
COMMENT ON COLUMN agent_summary.hours IS 'Length of the calls in hours.';
COMMENT ON COLUMN agent_summary.talk_ratio IS 'Mean of call_summary.talk_ratio, 0 to 1.';
COMMENT ON COLUMN agent_summary.dead_air IS 'Mean share of dead air in the length of the call, 0 to 1.';
COMMENT ON COLUMN agent_summary.overtalk IS
    'Mean share of overtalk in the length of the call, 0 to 1; of stereo calls.';
COMMENT ON COLUMN agent_summary.interruptions_by_agent IS 'Mean number per call; of stereo calls.';
COMMENT ON COLUMN agent_summary.interruptions_by_customer IS 'Mean number per call; of stereo calls.';
COMMENT ON COLUMN agent_summary.words_per_minute IS 'Mean of the agent''s words per minute.';
COMMENT ON COLUMN agent_summary.calls_scored IS
    'Number of calls for which it is known whether the customer got upset or pleased.';
COMMENT ON COLUMN agent_summary.upset_calls IS 'Number of calls in which the customer got upset.';
COMMENT ON COLUMN agent_summary.upset IS 'Share of such calls in calls_scored, 0 to 1.';
COMMENT ON COLUMN agent_summary.upset_low IS
    'Lower end of the 95 % confidence interval of upset; NULL with fewer than five calls.';
COMMENT ON COLUMN agent_summary.upset_high IS
    'Upper end of the 95 % confidence interval of upset; NULL with fewer than five calls.';
COMMENT ON COLUMN agent_summary.pleased_calls IS 'Number of calls in which the customer was pleased.';
COMMENT ON COLUMN agent_summary.pleased IS 'Share of such calls in calls_scored, 0 to 1.';
COMMENT ON COLUMN agent_summary.mood_start IS
    'Mean mood of customers in the first quarter, -1 to 1; of calls where the last is scored too.';
COMMENT ON COLUMN agent_summary.mood_end IS
    'Mean mood of customers in the last quarter, -1 to 1; of calls where the first is scored too.';
COMMENT ON COLUMN agent_summary.mood_change IS 'Mean of call_summary.customer_mood_change, -2 to 2.';
COMMENT ON COLUMN agent_summary.mood_change_margin IS
    'Half of the 95 % confidence interval of mood_change; NULL with fewer than five calls.';
COMMENT ON COLUMN agent_summary.angry IS 'Share of customers'' scored segments whose emotion is angry, 0 to 1.';
COMMENT ON COLUMN agent_summary.negative IS
    'Share of customers'' scored segments whose emotion is angry, disgust, fearful or sad, 0 to 1.';
COMMENT ON COLUMN agent_summary.uncertain IS 'Share of customers'' scored segments whose emotion is uncertain, 0 to 1.';
COMMENT ON COLUMN agent_summary.ended_worse IS 'Number of calls that ended worse.';

COMMENT ON VIEW call_name IS 'What reports call each recording.';
COMMENT ON COLUMN call_name.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_name.call IS 'Its file name, with as much of the path as tells it from others.';

COMMENT ON TABLE segment_vectors IS
    'What the segments of each call mean, as vectors for callmood find. They say roughly what the words say.';
COMMENT ON COLUMN segment_vectors.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN segment_vectors.encoder IS 'The network that made them.';
COMMENT ON COLUMN segment_vectors.vectors IS
    'The vectors of all segments in their order, 384 signed bytes each: a vector up to its length. Zero without words.';
COMMENT ON COLUMN segment_vectors.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE audio_vectors IS
    'What the emotion model''s acoustic encoders made of scored segments (scan --keep-vectors). They tell voices apart.';
COMMENT ON COLUMN audio_vectors.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN audio_vectors.segment IS 'Number of the segment in its call, from 0.';
COMMENT ON COLUMN audio_vectors.encoder IS 'Hash of the encoders, their weights and settings: the vectors of others differ.';
COMMENT ON COLUMN audio_vectors.vector IS 'The vector: float16, little-endian. Empty for a segment without sound.';
COMMENT ON COLUMN audio_vectors.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE text_vectors IS
    'What the emotion model''s text encoder made of scored segments with words (scan --keep-vectors).';
COMMENT ON COLUMN text_vectors.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN text_vectors.segment IS 'Number of the segment in its call, from 0.';
COMMENT ON COLUMN text_vectors.encoder IS 'Hash of the encoder, its weights and settings: the vectors of others differ.';
COMMENT ON COLUMN text_vectors.vector IS 'The vector: float16, little-endian.';
COMMENT ON COLUMN text_vectors.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE category_set IS 'The categories that count in this database; empty: those that come with callmood.';
COMMENT ON COLUMN category_set.toml IS 'Their definitions, TOML.';
COMMENT ON COLUMN category_set.set_at IS 'When they were given, UTC.';

COMMENT ON TABLE categorized IS 'One row per call whose categories are known.';
COMMENT ON COLUMN categorized.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN categorized.definitions IS 'Hash of the definitions by which they were found.';
COMMENT ON COLUMN categorized.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE segment_category IS 'One row per segment and category that it belongs to.';
COMMENT ON COLUMN segment_category.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN segment_category.segment IS 'Number of the segment in its call, from 0.';
COMMENT ON COLUMN segment_category.category IS 'Name of the category.';
COMMENT ON COLUMN segment_category.evidence IS
    'What speaks for it: ''words'', ''meaning'' (an example is near), ''both'', or ''conditions'' alone.';
COMMENT ON COLUMN segment_category.likeness IS
    'Cosine of the angle to the nearest example, -1 if one that the category is unlike is nearer; NULL without examples.';
COMMENT ON COLUMN segment_category.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE sentence_vector IS 'One row per sentence that categories compare segments with, of those that do not come with callmood.';
COMMENT ON COLUMN sentence_vector.encoder IS 'Which network made the vector.';
COMMENT ON COLUMN sentence_vector.sentence IS 'The sentence, as the definitions have it.';
COMMENT ON COLUMN sentence_vector.vector IS 'Its meaning: the numbers of a vector of length 1, as little-endian float32.';

COMMENT ON VIEW segment_context IS 'One row per segment, with what categories may ask of it.';
COMMENT ON COLUMN segment_context.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN segment_context.segment IS 'Number of the segment in its call, from 0.';
COMMENT ON COLUMN segment_context.role IS '''agent'', ''customer'' or ''unknown''.';
COMMENT ON COLUMN segment_context.start_s IS 'Start in seconds from the start of the recording.';
COMMENT ON COLUMN segment_context.emotion IS 'As in segment_mood.';
COMMENT ON COLUMN segment_context.quarter IS 'Quarter of the conversation that its middle lies in, 1 to 4.';
COMMENT ON COLUMN segment_context.silence_s IS 'Seconds in which nobody was heard before it; 0 at the start of the call.';
COMMENT ON COLUMN segment_context.plain IS 'Its words without capitals and accents.';
COMMENT ON COLUMN segment_context.words IS 'Its words without capitals and accents, each between spaces.';

COMMENT ON TABLE call_category IS 'One row per call and category that occurs in it. Filled by callmood from other tables.';
COMMENT ON COLUMN call_category.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN call_category.category IS 'Name of the category.';
COMMENT ON COLUMN call_category.segments IS 'Number of segments that belong to it.';
COMMENT ON COLUMN call_category.from_s IS 'Start of the first of them, in seconds from the start of the recording.';
COMMENT ON COLUMN call_category.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE call_reviewed IS
    'One row per segment that people reviewed: what the model says of it. Filled by callmood from other tables.';
COMMENT ON COLUMN call_reviewed.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_reviewed.segment IS 'Number of the segment in its call, from 0.';
COMMENT ON COLUMN call_reviewed.speaker IS 'The speaker: speaker.speaker.';
COMMENT ON COLUMN call_reviewed.start_s IS 'Start in seconds from the start of the recording.';
COMMENT ON COLUMN call_reviewed.end_s IS 'End in seconds from the start of the recording.';
COMMENT ON COLUMN call_reviewed.emotion IS 'As in the table segment.';
COMMENT ON COLUMN call_reviewed.scores IS 'As in the table segment.';
COMMENT ON COLUMN call_reviewed.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE call_figures IS
    'One row per call that is done and side: all that reports on many calls read. Filled by callmood from other tables.';
COMMENT ON COLUMN call_figures.recording_id IS 'The recording: recording.id.';
COMMENT ON COLUMN call_figures.role IS
    'Whose moods: ''agent''; ''customer'', with speakers whose role is not known; or ''all''.';
COMMENT ON COLUMN call_figures.path IS 'Where the file was last seen.';
COMMENT ON COLUMN call_figures.agent IS
    'Name of the agent, from the file name, its folder or the metadata table; NULL: unknown.';
COMMENT ON COLUMN call_figures.customer IS 'Name or number of the customer; NULL: unknown.';
COMMENT ON COLUMN call_figures.queue IS 'Queue of the call; NULL: unknown.';
COMMENT ON COLUMN call_figures.started_at IS
    'Start of the call in the local time of those who had it; NULL: unknown.';
COMMENT ON COLUMN call_figures.metadata IS
    'All other facts from the metadata table and the name pattern, by column name.';
COMMENT ON COLUMN call_figures.language IS
    'Language of most of the speech, such as ''es''; NULL where no speech recogniser could tell languages apart.';
COMMENT ON COLUMN call_figures.understood IS
    'Whether the words can be relied on; figures of words and moods leave out the others. NULL before schema 13.';
COMMENT ON COLUMN call_figures.layout IS
    '''stereo'': each channel is a speaker. ''dual mono'': both channels hold the same sound. ''mono'': one channel.';
COMMENT ON COLUMN call_figures.model_id IS 'Id of the emotion model that scored it last; NULL: not scored.';
COMMENT ON COLUMN call_figures.recogniser IS 'The speech recogniser that transcribed it.';
COMMENT ON COLUMN call_figures.without_agent IS
    'Whether somebody''s role is not known, and nobody is known to be the agent.';
COMMENT ON COLUMN call_figures.duration_s IS 'Length in seconds; NULL if failed.';
COMMENT ON COLUMN call_figures.speech_s IS
    'Seconds in which someone is heard, by voice activity; what overlaps counts for each speaker.';
COMMENT ON COLUMN call_figures.talk_ratio IS
    'The agent''s share of the speech of agent and customer, 0 to 1; NULL if fewer than two are heard, or no agent is known.';
COMMENT ON COLUMN call_figures.dead_air_s IS
    'Seconds in silences of 2 s or more between the first speech and the last, without holds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_figures.longest_silence_s IS
    'Longest silence between the first speech and the last, in seconds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_figures.overtalk_s IS
    'Seconds in which two or more speak at once; NULL unless the layout is stereo and two are heard.';
COMMENT ON COLUMN call_figures.interruptions_by_agent IS
    'How often the agent interrupts; NULL unless the layout is stereo, two are heard and an agent is known.';
COMMENT ON COLUMN call_figures.interruptions_by_customer IS
    'How often the customer interrupts; NULL unless the layout is stereo, two are heard and an agent is known.';
COMMENT ON COLUMN call_figures.agent_words_per_minute IS
    'Words per minute of the agent''s transcribed speech; NULL: there is none, or it was not understood.';
COMMENT ON COLUMN call_figures.longest_monologue_s IS
    'Longest time that the agent speaks without a word from others, in seconds; NULL if fewer than two speakers are heard.';
COMMENT ON COLUMN call_figures.untranscribed_s IS 'Seconds of speech that no words were found for.';
COMMENT ON COLUMN call_figures.hold_s IS 'Seconds of music, tones and announcements.';
COMMENT ON COLUMN call_figures.voices IS 'Number of speakers who are heard; NULL: nobody is.';
COMMENT ON COLUMN call_figures.voices_s IS
    'Seconds of speech, overlapping stretches each for themselves; NULL: nobody is heard.';
COMMENT ON COLUMN call_figures.untranscribed_voices_s IS
    'Seconds of speech that no words were found for; NULL: none.';
COMMENT ON COLUMN call_figures.corrections IS 'Number of corrected segments; NULL: none.';
COMMENT ON COLUMN call_figures.correctors IS 'Who corrected them, one name for each; NULL: none.';
COMMENT ON COLUMN call_figures.corrected_at IS 'When one was last corrected, UTC; NULL: none.';
COMMENT ON COLUMN call_figures.scored IS 'Number of scored segments.';
COMMENT ON COLUMN call_figures.angry IS 'Number of segments whose emotion is angry.';
COMMENT ON COLUMN call_figures.negative IS 'Number of segments whose emotion is angry, disgust, fearful or sad.';
COMMENT ON COLUMN call_figures.uncertain IS 'Number of segments whose emotion is uncertain.';
COMMENT ON COLUMN call_figures.mood IS 'Mean mood, -1 (angry) to 1 (happy); NULL: nothing scored.';
COMMENT ON COLUMN call_figures.mood_start IS
    'Mood in the first quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_figures.mood_second IS
    'Mood in the second quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_figures.mood_third IS
    'Mood in the third quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_figures.mood_end IS
    'Mood in the last quarter of the conversation, -1 to 1; NULL: nothing scored there.';
COMMENT ON COLUMN call_figures.mood_change IS 'mood_end less mood_start, -2 to 2; negative: it got worse.';
COMMENT ON COLUMN call_figures.ended_worse IS 'Whether the mood fell by at least 0.2, to below 0.';
COMMENT ON COLUMN call_figures.upset IS 'Probability that somebody was upset, 0 to 1; NULL: not known.';
COMMENT ON COLUMN call_figures.upset_from_s IS
    'When that began, in seconds from the start; NULL: not at a certain time.';
COMMENT ON COLUMN call_figures.pleased IS 'Probability that somebody was pleased, 0 to 1; NULL: not known.';
COMMENT ON COLUMN call_figures.pleased_from_s IS
    'When that began, in seconds from the start; NULL: not at a certain time.';
COMMENT ON COLUMN call_figures.worst_upset IS
    'The probability in the worst moment that the speaker was upset, 0.5 to 1, to two decimals; NULL, as below: nobody was.';
COMMENT ON COLUMN call_figures.worst_seconds IS 'Its length in seconds.';
COMMENT ON COLUMN call_figures.worst_start_s IS 'Its start, in seconds from the start of the recording.';
COMMENT ON COLUMN call_figures.categories IS 'The categories that occur in it, as in call_category; NULL: not known.';
COMMENT ON COLUMN call_figures.call_number IS 'Number of the call: recording.call_number.';

COMMENT ON TABLE archived IS 'One row per recording whose call was moved into an archive, so that no scan takes it for new.';
COMMENT ON COLUMN archived.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN archived.archive IS 'Folder of the archive.';

COMMENT ON TABLE archived_voice IS
    'One row per agent on an archived call: how they sounded, which their later calls are compared with.';
COMMENT ON COLUMN archived_voice.recording_id IS 'Id of the recording.';
COMMENT ON COLUMN archived_voice.speaker IS 'As in speaker.';
COMMENT ON COLUMN archived_voice.agent IS 'As in recording.';
COMMENT ON COLUMN archived_voice.started_at IS 'As in recording.';
COMMENT ON COLUMN archived_voice.model_id IS 'As in speaker.';
COMMENT ON COLUMN archived_voice.baseline_mean IS 'As in speaker.';
COMMENT ON COLUMN archived_voice.baseline_count IS 'As in speaker.';
