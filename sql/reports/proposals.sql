-- Which segments are most worth an ear, and why?
--
--   $reviewer   whose reviews are left out
--   $recording  of this recording only; NULL: of all
--   $most       how many for each reason
--
-- random: the first in an order that has nothing to do with what is said, so that agreement on them is that on all.
-- uncertain: the least sure first. rare: of each label but neutral in turn, the rarest label first. words against voice:
-- what the voice alone says of the speaker, against their own voice, is furthest from what voice and words say together.
-- A segment that is among the random ones has no other reason. Only segments of a second and more, with scores.
WITH scored AS (
    SELECT segment.recording_id, segment.segment, segment.speaker, start_s, end_s, emotion, confidence,
        scores['angry'] + scores['disgust'] + scores['fearful'] + scores['sad'] AS negative,
        [exp(relative_logits[i] - coalesce(baseline_mean[i], 0)) for i in range(1, 9)] AS voice, -- in the order of LABELS
        random_place(segment.recording_id, segment.speaker, start_s) AS place
    FROM segment
    JOIN recording ON recording.id = segment.recording_id
    JOIN speaker ON speaker.recording_id = segment.recording_id AND speaker.speaker = segment.speaker
    WHERE emotion IS NOT NULL AND understood IS DISTINCT FROM false AND end_s - start_s >= 1
        AND ($recording IS NULL OR segment.recording_id = $recording)
), open AS (
    SELECT * EXCLUDE (voice), (voice[1] + voice[3] + voice[4] + voice[7]) / list_sum(voice) AS negative_by_voice
    FROM scored
    ANTI JOIN (FROM review WHERE reviewer = $reviewer) AS done USING (recording_id, speaker, start_s, end_s)
), drawn AS (
    SELECT *, 'random' AS reason, row_number() OVER (ORDER BY place) AS rank FROM open QUALIFY rank <= $most
), other AS (
    SELECT * FROM open ANTI JOIN drawn USING (recording_id, segment)
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY emotion) AS of_label,
        row_number() OVER (PARTITION BY emotion ORDER BY place) AS of_label_rank
    FROM other
    WHERE emotion NOT IN ('uncertain', 'neutral', 'calm')
)
SELECT recording_id, segment, reason, rank FROM drawn
UNION ALL
SELECT recording_id, segment, 'uncertain', row_number() OVER (ORDER BY confidence, place) AS rank
FROM other WHERE emotion = 'uncertain' QUALIFY rank <= $most
UNION ALL
SELECT recording_id, segment, 'rare', row_number() OVER (ORDER BY of_label_rank, of_label, place) AS rank
FROM counted QUALIFY rank <= $most
UNION ALL
SELECT recording_id, segment, 'words against voice',
    row_number() OVER (ORDER BY abs(negative_by_voice - negative) DESC, place) AS rank
FROM other WHERE abs(negative_by_voice - negative) >= 0.5 QUALIFY rank <= $most
ORDER BY reason, rank
