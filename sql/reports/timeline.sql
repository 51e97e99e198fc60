-- Who said what, when, and in what mood, on one call?
--
--   $recording   its id
--   $role        'customer' (with those whose role is not known) or 'agent': that side only; 'all': everyone
--
-- A turn is what one speaker says until another begins, or until there is dead air. Its mood is the mean over its
-- segments, weighted by their length. Its emotion is that of its most salient segment among those that the model is
-- sure of: furthest from a mood of 0, and any other emotion before 'neutral'; 'uncertain' if the model is sure of none,
-- NULL if nothing was scored. upset and pleased are those of its most upset and its most pleased segment; evidence is
-- what speaks for its moods. silence_s is how long nobody had spoken before it, overlap_s how much of its beginning
-- overlaps with what others were saying. corrected_to is the label that a person gave a segment of it, corrected_from
-- that of the model; corrected_by and corrected_at (UTC) say who did it last.
--
-- kind is 'words', 'untranscribed' (a second and more of speech whose words are not known), or what is no conversation:
-- 'music', 'tone' and 'announcement'.
WITH asked AS MATERIALIZED (
    FROM calls_of([$recording])
), mark AS (
    SELECT recording_id, speaker, start_s, end_s, label, corrected_by, corrected_at FROM correction
), item AS (
    SELECT CASE text WHEN '' THEN 'untranscribed' ELSE 'words' END AS kind, speaker, role, start_s, end_s, segment,
        text, emotion, confidence, mood, upset, pleased, evidence, quarter, seconds, label, corrected_by, corrected_at, model_emotion
    FROM segment_mood_of('asked')
    JOIN (SELECT recording_id, segment, shown_label(emotion) AS model_emotion FROM segments_of('asked'))
        USING (recording_id, segment)
    LEFT JOIN mark USING (recording_id, speaker, start_s, end_s)
    UNION ALL BY NAME
    SELECT 'untranscribed' AS kind, speaker, role, start_s, end_s
    FROM talk_of('asked')
    ANTI JOIN segments_of('asked') AS there USING (recording_id, speaker, start_s, end_s)
    WHERE dropped IS NOT NULL AND end_s - start_s >= 1
    UNION ALL BY NAME
    SELECT kind, '' AS role, start_s, end_s, text
    FROM rows_of('hold', 'asked')
), placed AS (
    SELECT *, coalesce(max(end_s) OVER (
        ORDER BY start_s, segment ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), start_s) AS spoken_until_s,
        lag(speaker) OVER (ORDER BY start_s, segment) AS speaker_before,
        lag(kind) OVER (ORDER BY start_s, segment) AS kind_before
    FROM item
), counted AS (
    SELECT *, (abs(mood) + CASE emotion WHEN 'neutral' THEN 0 ELSE 0.01 END) * confidence AS salience,
        count(*) FILTER (
            speaker_before IS DISTINCT FROM speaker OR kind_before IS DISTINCT FROM kind
            OR start_s - spoken_until_s >= dead_air_from_s())
        OVER (ORDER BY start_s, segment ROWS UNBOUNDED PRECEDING) AS turn
    FROM placed
)
SELECT turn,
    any_value(kind) AS kind,
    min(start_s) AS start_s,
    max(end_s) AS end_s,
    any_value(speaker) AS speaker,
    any_value(role) AS role,
    coalesce(string_agg(trim(text), ' ' ORDER BY start_s, segment), '') AS text,
    coalesce(
        arg_max(emotion, salience) FILTER (emotion <> 'uncertain'),
        any_value(emotion)) AS emotion,
    arg_max(confidence, salience) FILTER (emotion <> 'uncertain') AS confidence,
    sum(mood * seconds) / nullif(sum(seconds) FILTER (mood IS NOT NULL), 0) AS mood,
    max(upset) AS upset,
    max(pleased) AS pleased,
    joint_evidence(evidence) AS evidence,
    min(quarter) AS quarter,
    string_agg(DISTINCT shown_label(label), ', ') AS corrected_to,
    string_agg(DISTINCT model_emotion, ', ') FILTER (label IS NOT NULL) AS corrected_from,
    arg_max(corrected_by, corrected_at) AS corrected_by,
    max(corrected_at) AS corrected_at,
    greatest(0, min(start_s) - first(spoken_until_s ORDER BY start_s, segment)) AS silence_s,
    greatest(0, least(first(spoken_until_s ORDER BY start_s, segment), max(end_s)) - min(start_s)) AS overlap_s
FROM counted
WHERE $role = 'all' OR (role <> '' AND is_of(role, $role))
GROUP BY turn
ORDER BY turn
