"""`callmood encrypt`: a database that is encrypted at rest, in place of one that is not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from callmood.wording import printable


def encrypt(
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Encrypt a database that is not encrypted yet.

    The key is the one that all commands use: what the file holds that CALLMOOD_DB_KEY_FILE names, or the variable
    CALLMOOD_DB_KEY. A new database is encrypted from the start where there is a key. Backups and exports stay as they
    are, and what the disk keeps of the old file can be read until it is overwritten.
    """
    from callmood import store
    from callmood.settings import load_settings

    path = load_settings({"db": db}).db
    store.require_database_file(path)
    with store.one_scan(path, store.READ_WAIT_S):
        store.encrypt(path)
    print(
        f"{printable(str(path))} is encrypted. Without the key nobody can read it any more: keep a copy of that."
    )
