"""Questions to the database, and reports as their answers: on the terminal, as Markdown, CSV, JSON or Parquet.

``ask`` turns a question into a report (``frames`` runs the SQL files, ``period`` parses dates), ``sheets`` lays it out
for people, ``terminal`` and ``markdown`` render that, ``export`` writes it for machines.
"""
