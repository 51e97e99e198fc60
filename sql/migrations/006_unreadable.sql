-- Files and folders that no recording could be made of when a scan last looked there: empty, without permission, gone.
-- Nobody knows their content, so they have no id and are in no other table.
CREATE TABLE unreadable (
    path VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,         -- as in recording
    error VARCHAR NOT NULL,
    seen_at TIMESTAMP NOT NULL       -- UTC
);
