"""Whoever opens the database with another tool finds in it what its tables and columns hold."""

from pathlib import Path

import pytest
from factory import make_call
from test_store_open import make_old

from callmood.labels import LABELS
from callmood.store import Connection, open_db, rows, write_call

_RELATIONS = """
    SELECT table_name, comment FROM duckdb_tables()
    UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
"""
_COLUMNS = "SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE NOT internal"


def without_comment(con: Connection) -> list[str]:
    return [name for name, comment in rows(con, f"{_RELATIONS} UNION ALL {_COLUMNS}") if not comment]


def test_every_table_view_and_column_has_a_comment(db: Connection) -> None:
    assert without_comment(db) == []


def test_an_old_database_gets_the_comments_too(db_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old(db_path, monkeypatch)
    with open_db(db_path) as con:
        assert without_comment(con) == []


def test_the_wide_view_has_each_probability_as_a_column(db: Connection) -> None:
    write_call(db, 1, "m1", make_call())
    for column in LABELS:
        assert rows(db, f"SELECT {column}, raw_{column} FROM segment_scores ORDER BY segment") == rows(
            db, "SELECT scores[$label], raw_scores[$label] FROM segment ORDER BY segment", {"label": column}
        )
