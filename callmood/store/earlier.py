"""What an earlier scan did that this one need not do, or does otherwise."""

from callmood.store.database import Connection, rows


def hashes(con: Connection) -> dict[str, tuple[int, int, str]]:
    """What files held when they were read last: size in bytes, time of change in ns and SHA-256, by path."""
    found = rows(con, "SELECT path, size_bytes, mtime_ns, content FROM file_hash")
    return {path: (size_bytes, mtime_ns, content) for path, size_bytes, mtime_ns, content in found}


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
