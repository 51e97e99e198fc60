"""A scan from folders to the database: what there is to do (plan), doing it (run), and counting it (tally)."""
