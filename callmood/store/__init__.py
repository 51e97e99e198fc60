"""The database: one DuckDB file that a scan writes and reports read. One process writes it, or many read it.

``connection`` opens and migrates it, with ``files`` (what may be one), ``encryption`` and ``damage`` (what DuckDB's
errors mean); ``write``, with the ``columns``, is what a scan stores, ``read`` what it asks; ``voices`` are the agents'
voices and the scores that depend on them; ``corrections`` are the labels that people corrected; ``forget`` deletes
recordings for good. Nothing here depends on a model.
"""

from callmood.store.connection import (
    READ_WAIT_S,
    Connection,
    cursor,
    explained,
    open_db,
    reading,
    remove_if_empty,
    rows,
    storage_version,
    transaction,
    writing,
)
from callmood.store.files import is_database_file, may_exist, one_scan, require_database_file
from callmood.store.forget import (
    encrypt,
    find_recordings,
    forget_recordings,
    forgotten,
    recordings_before,
    recordings_older,
)
from callmood.store.read import (
    Known,
    find_call,
    hashes,
    known,
    outdated,
    stale_transcripts,
    stored_recordings,
    stored_segments,
    unreadable,
    unseen_paths,
)
from callmood.store.voices import (
    AgentVoice,
    NewMoods,
    NewScores,
    StoredSegment,
    agent_voices,
    segments_to_compare,
    write_comparisons,
)
from callmood.store.write import (
    delete_hashes,
    delete_recordings,
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
    "READ_WAIT_S",
    "AgentVoice",
    "Connection",
    "Known",
    "NewMoods",
    "NewScores",
    "StoredSegment",
    "agent_voices",
    "cursor",
    "delete_hashes",
    "delete_recordings",
    "encrypt",
    "explained",
    "find_call",
    "find_recordings",
    "finish_scan",
    "forget_recordings",
    "forgotten",
    "hashes",
    "is_database_file",
    "known",
    "may_exist",
    "one_scan",
    "open_db",
    "outdated",
    "reading",
    "recordings_before",
    "recordings_older",
    "remove_if_empty",
    "require_database_file",
    "rescore_call",
    "rows",
    "segments_to_compare",
    "stale_transcripts",
    "start_scan",
    "storage_version",
    "stored_recordings",
    "stored_segments",
    "transaction",
    "unreadable",
    "unseen_paths",
    "update_facts",
    "write_call",
    "write_comparisons",
    "write_failure",
    "write_hashes",
    "write_unreadable",
    "writing",
]
