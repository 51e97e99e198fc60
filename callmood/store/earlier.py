"""What an earlier scan did that this one need not do, or does otherwise."""

from collections.abc import Collection
from pathlib import Path

from callmood.call import Recording
from callmood.store.database import Connection, rows


def hashes(con: Connection) -> dict[str, tuple[int, int, str]]:
    """What files held when they were read last: size in bytes, time of change in ns and SHA-256, by path."""
    found = rows(con, "SELECT path, size_bytes, mtime_ns, content FROM file_hash")
    return {path: (size_bytes, mtime_ns, content) for path, size_bytes, mtime_ns, content in found}


def facts(con: Connection, ids: Collection[str]) -> dict[str, Recording]:
    """What is stored of recordings, by their ids: their facts from all scans, and the path that was seen last."""
    found = rows(
        con,
        """
        SELECT id, path, size_bytes, agent, customer, call_id, queue, started_at, metadata
        FROM recording WHERE id IN (SELECT unnest($ids::VARCHAR[]))
        """,
        {"ids": list(ids)},
    )
    return {recording_id: Recording(recording_id, Path(path), *told) for recording_id, path, *told in found}


def transcribed_otherwise(con: Connection, asr: str) -> set[str]:
    """The ids of the calls that another recogniser than ``asr`` transcribed, or nobody knows which."""
    found = rows(
        con,
        """
        SELECT recording.id FROM recording LEFT JOIN scan ON scan.id = transcribed_in
        WHERE state = 'done' AND (scan.models->>'asr') IS DISTINCT FROM $asr
        """,
        {"asr": asr},
    )
    return {recording_id for (recording_id,) in found}
