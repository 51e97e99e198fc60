"""Whether older DuckDB clients read a database of callmood: every table and view, and every comment.

callmood scan tests/data/calls --db calls.duckdb && python benchmarks/clients.py calls.duckdb

Installs each version of the package duckdb into an environment of its own, which needs the package index.
"""

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

VERSIONS = ("1.1.3", "1.2.2", "1.3.2", "1.4.4")

READ = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], read_only=True)
names = [name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()]
rows = sum(len(con.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names)
(comments,) = con.execute("SELECT count(comment) FROM duckdb_columns() WHERE NOT internal").fetchone()
print(f"{len(names)} tables and views, {rows} rows, {comments} columns with a comment")
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database", type=Path)
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        answers = [_ask(version, arguments.database, Path(folder)) for version in arguments.versions]
    sys.exit(not all(answers))


def _ask(version: str, database: Path, folder: Path) -> bool:
    """Prints what that version says of the database, and whether it read all of it."""
    home = folder / version
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"duckdb=={version}"], check=True)
    read = subprocess.run([python, "-c", READ, database], capture_output=True, text=True)
    print(
        f"DuckDB {version}: {read.stdout.strip() or 'FAIL: ' + read.stderr.strip().splitlines()[-1]}",
        flush=True,
    )
    return read.returncode == 0


if __name__ == "__main__":
    main()
