"""Names and texts as they stand in SQL, where it takes no parameters."""

from pathlib import Path


def identifier(name: str) -> str:
    """The name of a table, a column, a schema or a database."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text."""
    return "'" + text.replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """A file's path, absolute."""
    return literal(str(path.absolute()))
