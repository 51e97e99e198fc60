"""What spares a scan work that an earlier one did."""

from callmood.store.database import Connection, rows


def hashes(con: Connection) -> dict[str, tuple[int, int, str]]:
    """What files held when they were read last: size in bytes, time of change in ns and SHA-256, by path."""
    found = rows(con, "SELECT path, size_bytes, mtime_ns, content FROM file_hash")
    return {path: (size_bytes, mtime_ns, content) for path, size_bytes, mtime_ns, content in found}
