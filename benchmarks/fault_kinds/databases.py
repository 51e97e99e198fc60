"""Damaged and foreign databases: a report and a scan each end in a result or in one true sentence."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import duckdb

from fault_kinds.harness import Plan, Result, make_calls, run
from fault_kinds.stopping import SCAN

Damage: TypeAlias = Callable[[Path, random.Random], object]
"""Damages the database at a path, or puts something else there."""

REPORT = ("report", "--agent", "--db", "calls.duckdb")


def databases(plan: Plan) -> list[Result]:
    whole = plan.place("database_whole")
    make_calls(whole / "calls")
    run(whole, *SCAN)
    rounds = [(name, damage, 0) for name, damage in PLAIN.items()]
    rounds += [(name, damage, i) for name, damage in RANDOM.items() for i in range(plan.count(12))]
    failures = plan.each(lambda one: _round(plan, whole, *one), rounds)
    log = [(name, damage, i) for name, damage in WAL.items() for i in range(plan.count(3))]
    log_failures = plan.each(lambda one: _round(plan, whole, *one, wal=True), log)
    return [
        Result("damaged and foreign databases, report and scan", 2 * len(rounds), failures),
        Result("damaged write-ahead log, report and scan", 2 * len(log), log_failures),
    ]


def _round(plan: Plan, whole: Path, name: str, damage: Damage, number: int, wal: bool = False) -> list[str]:
    place = plan.place(f"database_{name}_{number}")
    make_calls(place / "calls", count=2)
    database = place / "calls.duckdb"
    found = []
    for argv in (REPORT, SCAN):
        _remove(database)
        shutil.copy(whole / "calls.duckdb", database)
        if wal:
            _leave_log(database)
        damage(database, plan.random(name, number))
        before = database.read_bytes() if database.is_file() else b""
        done = run(place, *argv)
        problems = done.problems({0, 1, 2, 3})
        if done.code == 1 and not done.err.startswith("callmood: "):
            problems.append(f"no sentence: {done.err[-200:]!r}")
        if "in use by" in done.err:
            problems.append(f"untrue, nobody uses it: {done.err[-200:]!r}")
        if done.code != 0 and database.is_file() and database.read_bytes() != before and "other" in name:
            problems.append("another program's file was changed")
        found += plan.keep(place, f"database_{name}_{number}_{argv[0]}", problems)
    return found


def _remove(database: Path) -> None:
    if database.is_dir():
        database.rmdir()
    for suffix in ("", ".wal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)


def _sql(*statements: str) -> Damage:
    def damage(path: Path, _: random.Random) -> None:
        with duckdb.connect(str(path)) as con:
            for statement in statements:
                con.execute(statement)

    return damage


def _foreign(*statements: str) -> Damage:
    def damage(path: Path, source: random.Random) -> None:
        path.unlink()
        _sql(*statements)(path, source)

    return damage


def _bytes(content: bytes) -> Damage:
    return lambda path, _: path.write_bytes(content)


def _sqlite(path: Path, _: random.Random) -> None:
    path.unlink()
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE recording (id TEXT)")
    con.commit()
    con.close()


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


PLAIN: dict[str, Damage] = {
    "empty": _bytes(b""),
    "text": _bytes(b"agent,customer\nanna,1\n" * 100),
    "zeros": _bytes(bytes(50_000)),
    "header_only": lambda path, _: path.write_bytes(path.read_bytes()[:4096]),
    "two_headers_only": lambda path, _: path.write_bytes(path.read_bytes()[:12288]),
    "folder": _folder,
    "other_sqlite": _sqlite,
    "other_tables": _foreign("CREATE TABLE customers (id INTEGER)"),
    "no_tables": _foreign("CREATE TABLE t (a INTEGER)", "DROP TABLE t"),
    "other_migration": _foreign("CREATE TABLE migration (id INTEGER, done BOOLEAN)"),
    "other_migration_text": _foreign("CREATE TABLE migration (version VARCHAR)"),
    "other_recording": _foreign("CREATE TABLE recording (a INTEGER)"),
    "other_view": _foreign("CREATE VIEW recording AS SELECT * FROM range(3)"),
    "newer": _sql("INSERT INTO migration (version, name) VALUES (9999, '9999_future.sql')"),
    "no_migrations_noted": _sql("DELETE FROM migration"),
    "no_migration_table": _sql("DROP TABLE migration"),
    "last_migration_not_noted": _sql("DELETE FROM migration WHERE version = (SELECT max(version) FROM migration)"),
    "no_words": _sql("DROP TABLE word CASCADE"),
    "no_hashes": _sql("DROP TABLE file_hash CASCADE"),
    "hostile_view": _sql("DROP TABLE word CASCADE", "CREATE VIEW word AS SELECT * FROM read_text('/etc/hostname')"),
}  # fmt: skip


def _cut(path: Path, source: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: source.randrange(1, len(data))])


def _flip(path: Path, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(source.choice((1, 5, 100))):
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
    path.write_bytes(data)


def _overwrite(path: Path, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start, size = source.randrange(len(data)), source.choice((16, 4096, 100_000))
    data[start : start + size] = source.randbytes(len(data[start : start + size]))
    path.write_bytes(data)


def _overwrite_header(path: Path, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start = source.randrange(12_288)
    data[start : start + 16] = source.randbytes(16)
    path.write_bytes(data)


def _zero_block(path: Path, source: random.Random) -> None:
    data = bytearray(path.read_bytes())
    start = 12_288 + 262_144 * source.randrange(max(1, (len(data) - 12_288) // 262_144))
    data[start : start + 262_144] = bytes(len(data[start : start + 262_144]))
    path.write_bytes(data)


RANDOM: dict[str, Damage] = {
    "cut": _cut, "flipped": _flip, "overwritten": _overwrite, "overwritten_header": _overwrite_header,
    "zero_block": _zero_block,
}  # fmt: skip


def _leave_log(database: Path) -> None:
    """Leave something in the write-ahead log, as a killed scan does."""
    con = duckdb.connect(str(database))
    con.execute("PRAGMA disable_checkpoint_on_shutdown")
    con.execute(
        "INSERT INTO unreadable BY NAME "
        "SELECT '/x.wav' AS path, 'damaged' AS reason, '' AS error, now() AS seen_at"
    )
    con.close()


def _of_log(damage: Damage) -> Damage:
    def on_log(path: Path, source: random.Random) -> None:
        damage(Path(f"{path}.wal"), source)

    return on_log


WAL: dict[str, Damage] = {
    "log_cut": _of_log(_cut),
    "log_flipped": _of_log(_flip),
    "log_overwritten": _of_log(_overwrite),
    "log_rubbish": _of_log(lambda path, source: path.write_bytes(source.randbytes(5000))),
    "log_empty": _of_log(_bytes(b"")),
    "log_alone": lambda path, _: path.unlink(),
    "log_of_another": lambda path, _: Path(f"{path}.wal").write_bytes(path.read_bytes()[:5000]),
}
