"""The corpora by name, and the one way to their clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError, UsageError
from callmood.training.corpora import (
    cremad,
    emodb,
    emovo,
    iemocap,
    librispeech,
    nemo,
    ordinary,
    own,
    ravdess,
    savee,
    tess,
)
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.labels import LabelSet, labelled
from callmood.training.progress import Remark, log
from callmood.wording import did_you_mean

Corpora = Sequence[tuple[str, Path]]
"""Names of corpora and the folders that hold them."""

READERS: Final[dict[str, Callable[[Path], Iterable[Clip]]]] = {
    "cremad": cremad.clips,
    "emodb": emodb.clips,
    "emovo": emovo.clips,
    "iemocap": iemocap.clips,
    "librispeech": librispeech.clips,
    "nemo": nemo.clips,
    "ordinary": ordinary.clips,
    "ravdess": ravdess.clips,
    "savee": savee.clips,
    "tess": tess.clips,
}
"""The published corpora: each reader yields all clips of a folder with their native labels."""

EXAMPLES: Final = {
    "cremad": "AudioWAV/1001_DFA_ANG_XX.wav",
    "emodb": "wav/03a01Fa.wav",
    "emovo": "f1/dis-f1-b1.wav",
    "iemocap": "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt",
    "librispeech": "1688/142285/1688-142285-0000.flac",
    "nemo": "samples/KS0_surprised_38.wav",
    "ordinary": "recordings of people who talk as they do when nothing happens",
    "ravdess": "Actor_01/03-01-05-01-02-01-01.wav",
    "savee": "ALL/DC_a01.wav",
    "tess": "YAF_angry/YAF_back_angry.wav",
    "own": "a CSV with the columns file, label, speaker, or corrected segments",
}
"""What a folder of each holds."""


def named_folders(corpora: Sequence[str] | Mapping[str, str | Path]) -> list[tuple[str, Path]]:
    """("ravdess", folder) from each "ravdess=FOLDER", or from a mapping of names to folders.

    Raises UsageError for a text of another form.
    """
    if isinstance(corpora, Mapping):
        return [(name, Path(folder)) for name, folder in corpora.items()]
    pairs = []
    for text in [corpora] if isinstance(corpora, str) else corpora:
        name, equals, folder = text.partition("=")
        if not (name and equals and folder):
            raise UsageError(f"{text} is not a corpus. Write NAME=FOLDER, such as ravdess=FOLDER.")
        pairs.append((name, Path(folder).expanduser()))
    return pairs


def read_clips(corpora: Corpora, label_set: LabelSet, report: Remark = log) -> list[Clip]:
    """The clips of the named corpora in a fixed order, with their labels in ``label_set``; without those it leaves out.

    Raises UsageError for an unknown corpus, CallmoodError for a folder that does not hold it and for a label that it
    should not have.
    """
    return [
        clip for name, folder in corpora for clip in labelled(native_clips(name, folder, report), label_set)
    ]


def native_clips(name: str, folder: Path, report: Remark = log) -> list[Clip]:
    """All clips of a corpus, with its own labels; ``own`` may be a database file. Raises as ``read_clips`` does."""
    if name not in EXAMPLES:
        known = sorted(EXAMPLES)
        raise UsageError(f"There is no corpus {name}{did_you_mean(name, known)}. Known: {', '.join(known)}.")
    if not folder.is_dir() and not (name == "own" and folder.is_file()):
        or_database = " or a callmood database" if name == "own" else ""
        raise CallmoodError(
            f"{folder} is not a folder{or_database}. Give the folder that holds the corpus {name}."
        )
    clips = list(own.clips(folder, report) if name == "own" else READERS[name](folder))
    if not clips:
        raise CallmoodError(f"{folder} holds no clips of {name} ({EXAMPLES[name]} and the like).")
    return clips
