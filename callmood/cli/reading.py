"""Options that commands which read the database have in common."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Raw: TypeAlias = Annotated[
    bool,
    typer.Option("--raw", help="In CSV, leave text as it is, formulas and escape sequences included."),
]
ReadDb: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        help="The DuckDB file to read, or the folder of an archive; repeatable, to read several as one (default: "
        "callmood.duckdb)."
    ),
]
