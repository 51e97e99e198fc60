"""Which speakers are held out: ``tune`` for choices, ``judge`` for the final figures, ``train`` the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError
from callmood.training.corpora.clip import Clip

PARTS: Final = ("train", "tune", "judge")

# Arbitrary, and fixed before anything was measured; about as many women as men where a corpus allows it. RAVDESS's are
# EmoBox's folds 4 and 5. TESS has two speakers, both in training.
HELD_OUT: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "tune": {
        "ravdess": ("03", "05", "07", "24"),
        "savee": ("KL",),
        "emodb": ("09", "10"),
        "emovo": ("f2",),
        "nemo": ("EB0",),
        "librispeech": ("1688", "1998"),
    },
    "judge": {
        "ravdess": ("02", "15", "16", "18"),
        "savee": ("DC",),
        "emodb": ("11", "13"),
        "emovo": ("f1", "m2"),
        "nemo": ("WR0",),
        "librispeech": ("2033", "2414"),
    },
}
# CREMA-D has many: every sixth of its speakers in order, from the first and from the fourth.
_EVERY: Final = {"cremad": 6}
_FIRST: Final = {"tune": 0, "judge": 3}


def held_out(corpus: str, speakers: Collection[str], part: str) -> set[str]:
    """Those of a corpus's ``speakers`` ("ravdess-03") that are ``tune`` or ``judge``."""
    if corpus in _EVERY:
        return set(sorted(speakers)[_FIRST[part] :: _EVERY[corpus]])
    return {f"{corpus}-{name}" for name in HELD_OUT[part].get(corpus, ())} & set(speakers)


def in_parts(clips: Sequence[Clip], parts: Collection[str]) -> list[Clip]:
    """The clips of the speakers of ``parts``. ``train`` is who is neither in tune nor in judge."""
    speakers: dict[str, set[str]] = {}
    for clip in clips:
        speakers.setdefault(clip.corpus, set()).add(clip.speaker)
    part_of = {
        speaker: part
        for part in ("tune", "judge")
        for corpus, known in speakers.items()
        for speaker in held_out(corpus, known, part)
    }
    return [clip for clip in clips if part_of.get(clip.speaker, "train") in parts]


def link_corpus(folder: Path, clips: Sequence[Clip], kept: Sequence[Clip], out: Path) -> None:
    """Links at ``out`` to all files of ``folder`` but the clips that are not ``kept``.

    Raises CallmoodError where ``out`` exists: links of another choice may be in it.
    """
    if out.exists():
        raise CallmoodError(f"{out} exists. Delete it, or give another folder.")
    left_out = {clip.path for clip in clips} - {clip.path for clip in kept}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in left_out:
            link = out / path.relative_to(folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
