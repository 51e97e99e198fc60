-- Reports by more than one thing at a time, and corrections with their author.
ALTER TABLE correction ADD COLUMN corrected_by VARCHAR;

-- What calls can be grouped by. A column of a metadata table that is called week, month or hour is the one that is meant.
CREATE OR REPLACE MACRO group_name(dimension, agent, queue, customer, started_at, metadata) AS coalesce(CASE dimension
    WHEN 'agent' THEN agent
    WHEN 'queue' THEN queue
    WHEN 'customer' THEN customer
    WHEN 'day' THEN strftime(started_at, '%Y-%m-%d')
    ELSE map_extract(metadata, dimension)[1] END, CASE dimension
    WHEN 'week' THEN strftime(started_at, '%G-W%V')
    WHEN 'month' THEN strftime(started_at, '%Y-%m')
    WHEN 'hour' THEN strftime(started_at, '%H:00') END, '(unknown)');

-- Whether a call has all of these names: dimensions[i], as group_name knows them, is names[i] in any spelling.
CREATE MACRO is_chosen(dimensions, names, agent, queue, customer, started_at, metadata) AS NOT EXISTS (
    SELECT 1 FROM (SELECT unnest(dimensions::VARCHAR[]) AS dimension, unnest(names::VARCHAR[]) AS wanted)
    WHERE name_key(wanted) <> name_key(group_name(dimension, agent, queue, customer, started_at, metadata)));

-- What a call is called in reports: its file, with so much of the path as tells it from others.
CREATE VIEW call_name AS
WITH part AS (
    SELECT id AS recording_id, path, file_name(path) AS file, regexp_extract(path, '[^/\\]+[/\\][^/\\]+$') AS in_folder
    FROM recording
), counted AS (
    SELECT *,
        count(*) OVER (PARTITION BY file) AS of_file,
        count(*) OVER (PARTITION BY in_folder) AS of_folder
    FROM part
)
SELECT recording_id, CASE WHEN of_file = 1 THEN file WHEN of_folder = 1 THEN in_folder ELSE path END AS call
FROM counted;
