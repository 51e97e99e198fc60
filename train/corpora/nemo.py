"""nEMO: nine Polish actors, 6 emotions, 90 sentences; ``samples/KS0_surprised_38.wav``.

A name's parts: speaker, emotion, sentence. Beside the samples the corpus has data.tsv, with sentences and genders,
which is read where it is. Licence CC BY-NC-SA 4.0.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

_NAME = re.compile(r"([A-Z]{2}\d)_([a-z]+)_(\d+)")


def clips(folder: Path) -> Iterator[Clip]:
    """The clips under ``folder``: the corpus, or its samples."""
    rows = _rows(folder)
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        row = rows.get(path.stem, {})
        yield Clip(
            corpus="nemo",
            path=path,
            speaker=f"nemo-{name[1]}",
            native=name[2],
            text=row.get("raw_text"),
            gender=row.get("gender"),
        )


def _rows(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Rows of data.tsv by the stem of their file."""
    for parent in (folder, folder.parent):
        table = parent / "data.tsv"
        if table.is_file():
            with table.open(encoding="utf-8", newline="") as file:
                rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                return {Path(row["file_id"]).stem: row for row in rows}
    return {}
