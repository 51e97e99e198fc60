"""The database: one DuckDB file that a scan writes and reports read. One process writes, or many read."""

from callmood.store.database import Connection, may_exist, open_db, rows, transaction
from callmood.store.read import (
    Known,
    agent_baselines,
    facts,
    hashes,
    known,
    stored_segments,
    transcribed_otherwise,
)
from callmood.store.write import (
    finish_scan,
    rescore_call,
    start_scan,
    update_facts,
    write_call,
    write_failure,
    write_hashes,
    write_unreadable,
)

__all__ = [
    "Connection",
    "Known",
    "agent_baselines",
    "facts",
    "finish_scan",
    "hashes",
    "known",
    "may_exist",
    "open_db",
    "rescore_call",
    "rows",
    "start_scan",
    "stored_segments",
    "transaction",
    "transcribed_otherwise",
    "update_facts",
    "write_call",
    "write_failure",
    "write_hashes",
    "write_unreadable",
]
