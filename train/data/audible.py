"""Which clips give sound at all, for systems that encode the recordings as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from callmood.training.cache import add_to_index, read_index
from callmood.training.corpora.clip import Clip
from callmood.training.data.decoding import file_hashes, require_readable, why_unreadable
from callmood.training.data.prepare import PrepareTable, sound_key
from callmood.training.processes import mapped
from callmood.training.progress import Remark
from callmood.wording import counted

_AS_RECORDED: Final = PrepareTable(denoise=False, trim=False)
_MOST_NAMED: Final = 5
"""Files, labels and speakers that are named; all are counted."""


def audible(clips: Sequence[Clip], cache: Path, report: Remark) -> list[Clip]:
    """``clips`` without those that can't be decoded, which one remark names.

    What was decoded once is noted in ``cache`` and not tried again. Raises CallmoodError for a corpus of which no clip
    can be decoded.
    """
    index = cache / "audible.json"
    hashes, known = file_hashes([clip.path for clip in clips], cache), read_index(index)
    keys = {clip: sound_key(hashes.get(clip.path, ""), clip, _AS_RECORDED) for clip in clips}
    untried = [clip for clip, key in keys.items() if key not in known]
    reasons = dict(zip(untried, mapped(why_unreadable, untried, "reading"), strict=True))
    add_to_index(index, {keys[clip]: True for clip, reason in reasons.items() if not reason})
    unreadable = {clip: f"{clip.path} ({reason})" for clip, reason in reasons.items() if reason}
    require_readable(clips, unreadable)
    kept = [clip for clip in clips if clip not in unreadable]
    if unreadable:
        files = _joined(list(dict.fromkeys(unreadable.values())), "file")
        report(f"left out: {counted(len(clips) - len(kept), 'clip')} that can't be read: {files}")
    for name in ("label", "speaker"):
        lost = sorted({getattr(clip, name) for clip in clips} - {getattr(clip, name) for clip in kept})
        if lost:
            report(f"no clip is left of {counted(len(lost), name)}: {_joined(lost, name)}")
    return kept


def _joined(names: Sequence[str], noun: str) -> str:
    """``names`` in a line, as many as a line may hold, and how many more there are."""
    more = [f"and {counted(len(names) - _MOST_NAMED, f'more {noun}')}"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])
