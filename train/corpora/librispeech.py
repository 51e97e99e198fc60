"""LibriSpeech: read English, as ordinary speech, which is neutral; ``1688/142285/1688-142285-0000.flac``.

A name's parts: speaker, chapter, utterance. SPEAKERS.TXT, which gives genders, is read where it is beside the speakers
or above. Licence CC BY 4.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from callmood.training.corpora.clip import Clip, audio_files

_NAME = re.compile(r"(\d+)-\d+-\d+")
_GENDERS = {"F": "female", "M": "male"}


def clips(folder: Path) -> Iterator[Clip]:
    """The utterances under ``folder``: the corpus, or one of its parts."""
    genders = _genders(folder)
    for path in audio_files(folder):
        name = _NAME.fullmatch(path.stem)
        if name is None:
            continue
        yield Clip(
            corpus="librispeech",
            path=path,
            speaker=f"librispeech-{name[1]}",
            native="neutral",
            gender=genders.get(name[1]),
        )


def _genders(folder: Path) -> Mapping[str, str]:
    """By speaker, from lines such as ``14   | F | train-clean-360  | 25.03 | ...``; those with ; are comments."""
    for parent in (folder, folder.parent):
        table = parent / "SPEAKERS.TXT"
        if table.is_file():
            rows = (line.split("|") for line in table.read_text(encoding="utf-8").splitlines())
            return {
                row[0].strip(): _GENDERS[row[1].strip()]
                for row in rows
                if row[1:] and row[1].strip() in _GENDERS
            }
    return {}
