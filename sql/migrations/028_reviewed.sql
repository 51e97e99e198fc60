-- What the model says of the segments that people reviewed stands together: they lie all over the segments, whose
-- probabilities take half a second to pass over in ten million.

CREATE MACRO call_reviewed_of(calls) AS TABLE
WITH with_reviews AS MATERIALIZED (
    FROM query_table(calls) SEMI JOIN review USING (recording_id)
)
SELECT recording_id, segment, speaker, start_s, end_s, emotion, scores
FROM segments_of('with_reviews') SEMI JOIN review USING (recording_id, speaker, start_s, end_s);

CREATE TABLE call_reviewed AS
WITH every_call AS (
    SELECT id AS recording_id, call_number FROM recording
)
SELECT made.*, call_number FROM call_reviewed_of('every_call') AS made JOIN every_call USING (recording_id);
