"""Questions to the database and what they give: terminal, Markdown, CSV, JSON, Parquet.

``ask`` turns a question into a report (``frames`` runs the SQL files, ``period`` reads dates), ``sheets`` lays it out
for people, ``terminal`` and ``markdown`` draw that, ``export`` writes it for machines.
"""
