"""Questions to the database, and reports as their answers: on the terminal, as Markdown, CSV, JSON, Parquet or Excel.

``ask`` turns a question into a report (``frames`` runs the SQL files, ``period`` parses dates).

``sheets`` lays it out for people, with ``timeline`` for one call, ``compared`` for two periods and ``remarks`` for what
stands below; ``columns`` are what they are made of, ``cells`` how values are worded. ``terminal`` and ``markdown``
render that, ``export`` writes it for machines.

``extracts`` are tables and files for other tools, with ``transcripts`` for what is said on each call.
"""
