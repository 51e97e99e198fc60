-- Who is heard when, apart from what is transcribed: speech whose words are not known is no silence, and a "yes" of
-- 0.3 s is no second. What is no conversation: music on hold, ringing, announcements. Calls that were not understood.

CREATE TABLE speech (
    recording_id VARCHAR NOT NULL,
    speaker INTEGER NOT NULL,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    dropped VARCHAR                  -- why it has no words, as in recording.dropped; NULL if it has
);

CREATE TABLE hold (
    recording_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('music', 'tone', 'announcement')),
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    text VARCHAR                     -- what an announcement says; NULL for sounds
);

ALTER TABLE recording ADD COLUMN language VARCHAR;
ALTER TABLE recording ADD COLUMN understood BOOLEAN;

-- Who is heard when. Of a call from before the table speech its segments stand in.
CREATE VIEW talk AS
SELECT heard.recording_id, heard.speaker, role, heard.start_s, heard.end_s, heard.dropped
FROM (
    SELECT recording_id, speaker, start_s, end_s, dropped FROM speech
    UNION ALL
    SELECT recording_id, speaker, start_s, end_s, NULL
    FROM segment ANTI JOIN (SELECT DISTINCT recording_id FROM speech) AS known USING (recording_id)
) AS heard
JOIN speaker ON speaker.recording_id = heard.recording_id AND speaker.speaker = heard.speaker;

-- A segment with its mood and its quarter of the conversation. mood, emotion and confidence are NULL where the segment
-- was not scored or the call was not understood.
CREATE OR REPLACE VIEW segment_mood AS
WITH placed AS (
    SELECT *,
        min(start_s) OVER call AS first_s,
        max(end_s) OVER call AS last_s
    FROM segment
    WINDOW call AS (PARTITION BY recording_id)
)
SELECT recording_id, segment, speaker, role, channel, start_s, end_s, end_s - start_s AS seconds, text,
    CASE WHEN understood IS DISTINCT FROM false THEN emotion END AS emotion,
    CASE WHEN understood IS DISTINCT FROM false THEN confidence END AS confidence,
    CASE WHEN understood IS DISTINCT FROM false THEN mood(scores) END AS mood,
    1 + least(3, coalesce(floor(
        4 * ((start_s + end_s) / 2 - first_s) / nullif(last_s - first_s, 0)), 0))::INTEGER AS quarter
FROM placed
JOIN recording ON recording.id = recording_id;

-- One row per call: who talked how long and how fast, when nobody did, who interrupted.
--   speech         the time in which somebody is heard, transcribed or not; a speaker's stretches count once
--   talk ratio     the agent's share of the speech of agent and customer
--   dead air       silences of dead_air_from_s() and more between the first speech and the last; time on hold is none
--   overtalk       time in which two or more speak at once
--   interruption   a speaker begins when another has spoken for at least 0.5 s and continues for at least 0.5 s, and
--                  still speaks when the other has ended; an "mhm" in between is overtalk only. Pauses of less than
--                  1 s don't end what a speaker says
--   words a minute over the speech that was transcribed; NULL if the call was not understood
--   monologue      the longest time that the agent speaks without a word from the others
-- What takes two sides (talk ratio to monologue, without words a minute) is NULL if fewer than two speakers are heard:
-- the other side may have spoken unheard. Overtalk and interruptions are NULL unless the call is stereo, because two
-- voices at once can't be separated on one channel. wanted is one recording (NULL: all), because DuckDB would not push
-- that condition down.
CREATE OR REPLACE MACRO talk_of(wanted) AS TABLE
WITH spoken AS (
    SELECT recording_id, speaker, role, dropped, end_s,
        greatest(start_s, max(end_s) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s, end_s
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS start_s
    FROM talk
    WHERE wanted IS NULL OR recording_id = wanted
    QUALIFY end_s > greatest(start_s, max(end_s) OVER (
        PARTITION BY recording_id, speaker ORDER BY start_s, end_s
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
), shares AS (
    SELECT recording_id,
        count(DISTINCT speaker) AS speakers,
        min(start_s) AS first_s,
        max(end_s) AS last_s,
        sum(end_s - start_s) AS speech_s,
        coalesce(sum(end_s - start_s) FILTER (role = 'agent'), 0) AS agent_s,
        coalesce(sum(end_s - start_s) FILTER (role = 'customer'), 0) AS customer_s,
        sum(end_s - start_s) FILTER (role = 'agent' AND dropped IS NULL) AS agent_worded_s,
        sum(end_s - start_s) FILTER (role = 'customer' AND dropped IS NULL) AS customer_worded_s,
        coalesce(sum(end_s - start_s) FILTER (dropped IS NOT NULL), 0) AS untranscribed_s
    FROM spoken GROUP BY recording_id
), said AS (
    SELECT recording_id,
        sum(words) FILTER (role = 'agent') AS agent_words,
        sum(words) FILTER (role = 'customer') AS customer_words
    FROM (
        SELECT recording_id, role,
            CASE WHEN trim(text) = '' THEN 0 ELSE len(string_split(trim(text), ' ')) END AS words
        FROM segment
        WHERE wanted IS NULL OR recording_id = wanted
    )
    GROUP BY recording_id
), held AS (
    SELECT recording_id, start_s, end_s FROM hold WHERE wanted IS NULL OR recording_id = wanted
), edge AS (
    SELECT recording_id, start_s AS at_s, 1 AS step, 0 AS on_hold FROM spoken
    UNION ALL
    SELECT recording_id, end_s, -1, 0 FROM spoken
    UNION ALL
    SELECT recording_id, start_s, 0, 1 FROM held
    UNION ALL
    SELECT recording_id, end_s, 0, -1 FROM held
), stretch AS (
    SELECT recording_id, at_s,
        sum(step) OVER running AS voices,
        sum(on_hold) OVER running AS holds,
        lead(at_s) OVER (PARTITION BY recording_id ORDER BY at_s, step, on_hold) - at_s AS seconds
    FROM edge
    WINDOW running AS (PARTITION BY recording_id ORDER BY at_s, step, on_hold ROWS UNBOUNDED PRECEDING)
), air AS (
    SELECT recording_id,
        coalesce(sum(seconds) FILTER (quiet AND seconds >= dead_air_from_s()), 0) AS dead_air_s,
        max(seconds) FILTER (quiet) AS longest_silence_s,
        coalesce(sum(seconds) FILTER (voices >= 2), 0) AS overtalk_s
    FROM (
        SELECT *, voices = 0 AND holds = 0 AND at_s >= first_s AND at_s < last_s AS quiet
        FROM stretch JOIN shares USING (recording_id)
    )
    GROUP BY recording_id
), waited AS (
    SELECT recording_id, sum(end_s - start_s) AS hold_s FROM held GROUP BY recording_id
), begun AS (
    SELECT *,
        coalesce(start_s - lag(end_s) OVER (PARTITION BY recording_id, speaker ORDER BY start_s) >= 1, true)
            AS after_pause,
        coalesce(speaker <> lag(speaker) OVER (PARTITION BY recording_id ORDER BY start_s, speaker), true)
            AS after_other
    FROM spoken
), counted AS (
    SELECT *,
        count(*) FILTER (after_pause) OVER (
            PARTITION BY recording_id, speaker ORDER BY start_s ROWS UNBOUNDED PRECEDING) AS spurt,
        count(*) FILTER (after_other) OVER (
            PARTITION BY recording_id ORDER BY start_s, speaker ROWS UNBOUNDED PRECEDING) AS floor
    FROM begun
), spurt AS (
    SELECT recording_id, speaker, role, spurt, min(start_s) AS start_s, max(end_s) AS end_s
    FROM counted GROUP BY recording_id, speaker, role, spurt
), interruption AS (
    SELECT recording_id,
        count(*) FILTER (role = 'agent') AS interruptions_by_agent,
        count(*) FILTER (role = 'customer') AS interruptions_by_customer
    FROM spurt AS mine
    WHERE EXISTS (
        FROM spurt AS other
        WHERE other.recording_id = mine.recording_id AND other.speaker <> mine.speaker
            AND mine.start_s - other.start_s >= 0.5
            AND other.end_s - mine.start_s >= 0.5
            AND mine.end_s > other.end_s
    )
    GROUP BY recording_id
), monologue AS (
    SELECT recording_id, max(seconds) AS longest_monologue_s
    FROM (
        SELECT recording_id, max(end_s) - min(start_s) AS seconds
        FROM counted WHERE role = 'agent' GROUP BY recording_id, floor
    )
    GROUP BY recording_id
)
SELECT recording.id AS recording_id, duration_s,
    coalesce(speech_s, 0) AS speech_s,
    coalesce(agent_s, 0) AS agent_s,
    coalesce(customer_s, 0) AS customer_s,
    CASE WHEN speakers >= 2 THEN agent_s / nullif(agent_s + customer_s, 0) END AS talk_ratio,
    CASE WHEN speakers >= 2 THEN dead_air_s END AS dead_air_s,
    CASE WHEN speakers >= 2 THEN longest_silence_s END AS longest_silence_s,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN overtalk_s END AS overtalk_s,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN coalesce(interruptions_by_agent, 0) END
        AS interruptions_by_agent,
    CASE WHEN speakers >= 2 AND layout = 'stereo' THEN coalesce(interruptions_by_customer, 0) END
        AS interruptions_by_customer,
    CASE WHEN understood IS DISTINCT FROM false THEN 60 * agent_words / nullif(agent_worded_s, 0) END
        AS agent_words_per_minute,
    CASE WHEN understood IS DISTINCT FROM false THEN 60 * customer_words / nullif(customer_worded_s, 0) END
        AS customer_words_per_minute,
    CASE WHEN speakers >= 2 THEN longest_monologue_s END AS longest_monologue_s,
    coalesce(untranscribed_s, 0) AS untranscribed_s,
    coalesce(hold_s, 0) AS hold_s,
    coalesce(speakers, 0) AS speakers
FROM recording
LEFT JOIN shares ON shares.recording_id = recording.id
LEFT JOIN said ON said.recording_id = recording.id
LEFT JOIN air ON air.recording_id = recording.id
LEFT JOIN waited ON waited.recording_id = recording.id
LEFT JOIN interruption ON interruption.recording_id = recording.id
LEFT JOIN monologue ON monologue.recording_id = recording.id
WHERE state = 'done' AND (wanted IS NULL OR recording.id = wanted);

CREATE OR REPLACE VIEW call_talk AS FROM talk_of(NULL);

-- One row per call that was scanned.
CREATE OR REPLACE VIEW call_summary AS
SELECT recording.id AS recording_id, path, agent, customer, call_id, queue, started_at, metadata, layout,
    model_id, language, understood, call_talk.* EXCLUDE (recording_id),
    caller.scored AS customer_scored, caller.angry AS customer_angry, caller.negative AS customer_negative,
    caller.uncertain AS customer_uncertain, caller.mood AS customer_mood, caller.mood_start AS customer_mood_start,
    caller.mood_end AS customer_mood_end, caller.mood_change AS customer_mood_change, caller.ended_worse,
    callee.scored AS agent_scored, callee.angry AS agent_angry, callee.negative AS agent_negative,
    callee.uncertain AS agent_uncertain, callee.mood AS agent_mood
FROM recording
JOIN call_talk ON call_talk.recording_id = recording.id
LEFT JOIN call_mood AS caller ON caller.recording_id = recording.id AND caller.role = 'customer'
LEFT JOIN call_mood AS callee ON callee.recording_id = recording.id AND callee.role = 'agent';
