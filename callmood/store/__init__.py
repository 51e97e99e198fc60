"""The database: one DuckDB file that a scan writes and reports read. One process writes it, or many read it.

``connection`` opens and migrates it, with ``files`` (what may be one), ``encryption`` and ``damage`` (what DuckDB's
errors mean); ``write``, with the ``columns``, is what a scan stores, ``read`` what it asks; ``voices`` are the agents'
<<<<<<< HEAD
voices and the scores that depend on them; ``encoded`` are the vectors that scores are made of; ``corrections`` are the
labels that people corrected; ``forget`` deletes recordings for good. Nothing here depends on a model.
=======
voices and the scores that depend on them; ``corrections`` are the labels that people corrected; ``forget`` deletes
recordings for good. ``archive`` is a folder of Parquet files that old calls are moved into (``archiving``), and
``sources`` reads databases and archives as one. Nothing here depends on a model.
>>>>>>> archive
"""

from callmood.store.archive import Archive, read_archive, writing_archive
from callmood.store.archiving import archived, archives_of, calls_older, forget_archived, move, require_plain
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
from callmood.store.files import is_archive, is_database_file, may_exist, one_scan, require_database_file
from callmood.store.forget import (
    encrypt,
    find_recordings,
    forget_recordings,
    forgotten,
    newest_call,
    recordings_before,
    recordings_older,
)
from callmood.store.read import (
    Known,
    find_call,
    hashes,
    known,
    outdated,
    segments_of_calls,
    stale_transcripts,
    stored_recordings,
    stored_segments,
    unreadable,
    unseen_paths,
)
from callmood.store.sources import (
    Db,
    databases,
    explained_archives,
    label,
    open_sources,
    reading_sources,
    sources,
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
    rescore_calls,
    start_scan,
    update_facts,
    write_call,
    write_calls,
    write_failure,
    write_hashes,
    write_unreadable,
)

__all__ = [
    "READ_WAIT_S",
    "AgentVoice",
    "Archive",
    "Connection",
    "Db",
    "Known",
    "NewMoods",
    "NewScores",
    "StoredSegment",
    "agent_voices",
    "archived",
    "archives_of",
    "calls_older",
    "cursor",
    "databases",
    "delete_hashes",
    "delete_recordings",
    "encrypt",
    "explained",
    "explained_archives",
    "find_call",
    "find_recordings",
    "finish_scan",
    "forget_archived",
    "forget_recordings",
    "forgotten",
    "hashes",
    "is_archive",
    "is_database_file",
    "known",
    "label",
    "may_exist",
    "move",
    "newest_call",
    "one_scan",
    "open_db",
    "open_sources",
    "outdated",
    "read_archive",
    "reading",
    "reading_sources",
    "recordings_before",
    "recordings_older",
    "remove_if_empty",
    "require_database_file",
    "require_plain",
    "rescore_call",
    "rescore_calls",
    "rows",
    "segments_of_calls",
    "segments_to_compare",
    "sources",
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
    "write_calls",
    "write_comparisons",
    "write_failure",
    "write_hashes",
    "write_unreadable",
    "writing",
    "writing_archive",
]
