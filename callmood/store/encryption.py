"""Databases that are encrypted at rest, by DuckDB itself: the key, and the extension that encrypts.

DuckDB encrypts with AES-256 in Galois/Counter Mode: tables, write-ahead log and temporary files. It writes such files
only with OpenSSL, which comes with its extension httpfs. That is loaded where it is installed, and never downloaded.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import duckdb

from callmood.errors import CallmoodError, UsageError
from callmood.settings import DB_KEY, PREFIX, load_settings
from callmood.store.quoting import file_literal, literal

NAME: Final = "callmood"
"""What an encrypted database is called in SQL."""
INSTALL: Final = "pip install 'callmood[encryption]'"
STORAGE: Final = "v1.4.0"
"""The oldest format that knows encryption."""
_PACKAGE: Final = "duckdb_extension_httpfs"
_KEY: Final = f"{PREFIX}{DB_KEY.upper()}"


def database_key() -> str | None:
    """The key of encrypted databases, from the environment or a file; None if there is none.

    It stands in no option, because others on the machine see those. Raises UsageError for a key that is not one line of
    text, and for a file that can't be read.
    """
    key = os.environ.get(_KEY)
    where = _KEY
    if key is None:
        file = load_settings().db_key_file
        if file is None:
            return None
        where = str(file)
        try:
            key = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(
                f"The key of the database can't be read from {file} ({why}). Correct {_KEY}_FILE."
            ) from None
    if not key or "\0" in key or not key.isprintable():
        raise UsageError(
            f"The key of the database in {where} must be one line of text. Put a long random one there."
        )
    return key


def connect_encrypted(
    path: Path, key: str, config: dict[str, Any], *, read_only: bool
) -> duckdb.DuckDBPyConnection:
    """A connection to an encrypted database, which is created if it does not exist and reaches no other file.

    Raises CallmoodError if nothing can encrypt, and what DuckDB raises: with a key, that is "not encrypted" for
    another database.
    """
    con = duckdb.connect(config=config)
    try:
        load_openssl(con)
        others = ["READ_ONLY"] * read_only + [f"STORAGE_VERSION '{STORAGE}'"] * (not path.exists())
        con.execute(f"ATTACH {file_literal(path)} AS {NAME}{attach_options(key, *others)}")
        con.execute(f"USE {NAME}")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
    except BaseException:
        con.close()
        raise
    return con


def load_openssl(con: duckdb.DuckDBPyConnection) -> None:
    """Let a connection encrypt, its temporary files too. Raises CallmoodError if that is not installed."""
    found = find_spec(_PACKAGE)
    folders = list(found.submodule_search_locations or ()) if found else []
    files = [
        Path(folder, "extensions", f"v{duckdb.__version__}", "httpfs.duckdb_extension") for folder in folders
    ]
    extension = next((file_literal(file) for file in files if file.exists()), "httpfs")
    try:
        con.execute(f"LOAD {extension}")  # DuckDB checks that it is signed by its own makers
        con.execute("SET temp_file_encryption = true")
    except duckdb.Error:
        raise CallmoodError(
            f"An encrypted database needs DuckDB's extension httpfs, which brings OpenSSL. Run: {INSTALL}"
        ) from None


def attach_options(key: str | None, *others: str) -> str:
    """What follows the name in ATTACH."""
    given = [*([] if key is None else [f"ENCRYPTION_KEY {literal(_as_blob(key))}"]), *others]
    return f" ({', '.join(given)})" if given else ""


def _as_blob(key: str) -> str:
    """The key as DuckDB reads it, which takes text for bytes: in error messages it would show what it can't read."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) != "\\" else f"\\x{byte:02X}" for byte in key.encode()
    )
