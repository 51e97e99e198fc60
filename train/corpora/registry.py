"""The corpora by name, and the one door to their clips."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError
from callmood.training.corpora import cremad, iemocap, own, ravdess, savee, tess
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LabelSet, labelled
from callmood.training.recipe import nearest

Report = Callable[[str], None]

READERS: Final[dict[str, Callable[[Path], Iterable[Clip]]]] = {
    "cremad": cremad.clips,
    "iemocap": iemocap.clips,
    "ravdess": ravdess.clips,
    "savee": savee.clips,
    "tess": tess.clips,
}
"""The published corpora: each yields all clips of a folder with their native labels."""

EXAMPLES: Final = {
    "cremad": "AudioWAV/1001_DFA_ANG_XX.wav",
    "iemocap": "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
    "ravdess": "Actor_01/03-01-05-01-02-01-01.wav",
    "savee": "ALL/DC_a01.wav",
    "tess": "YAF_angry/YAF_back_angry.wav",
    "own": "a CSV with the columns file, label, speaker, or corrected segments",
}
"""What a folder of each holds."""


def to_standard_error(line: str) -> None:
    """Where a reader's remarks go, unless a caller shows them itself."""
    print(line, file=sys.stderr)


def read_clips(
    corpora: Sequence[tuple[str, Path]], label_set: LabelSet, report: Report = to_standard_error
) -> list[Clip]:
    """The clips of the named corpora in their folders, in a fixed order, labelled as ``label_set`` has it.

    Clips that the set leaves out are not among them. Raises CallmoodError for an unknown corpus, a folder that does
    not hold it, and a label that it should not have.
    """
    return [
        clip for name, folder in corpora for clip in labelled(native_clips(name, folder, report), label_set)
    ]


def native_clips(name: str, folder: Path, report: Report = to_standard_error) -> list[Clip]:
    """All clips of a corpus, with the labels that it writes itself; ``own`` may be a database file."""
    if name not in EXAMPLES:
        known = sorted(EXAMPLES)
        raise CallmoodError(f"There is no corpus {name}{nearest(name, known)}; known are {', '.join(known)}.")
    if not folder.is_dir() and not (name == "own" and folder.is_file()):
        or_database = " or a database of callmood's" if name == "own" else ""
        raise CallmoodError(
            f"{folder} is not a folder{or_database}; name the one that holds the corpus {name}."
        )
    clips = list(own.clips(folder, report) if name == "own" else READERS[name](folder))
    if not clips:
        raise CallmoodError(f"{folder} holds no clips of {name} ({EXAMPLES[name]} and the like).")
    return clips
