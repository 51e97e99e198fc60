"""Questions to the database and the faces of their answers: terminal, Markdown, CSV, JSON, Parquet."""
