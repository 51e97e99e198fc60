"""One call in several files: its two sides apart, or the same sound in two formats.

Only what is sure is put together: names of one stem in one folder, and headers that state the same length. What looks
like one call and is not sure stays apart, and is said.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from callmood.call import Recording
from callmood.hashing import joined_id
from callmood.pipeline.audio.decode import Outline, outline
from callmood.wording import counted, printable

_SIDES: Final = (
    ("in", "out"),  # Asterisk's Monitor: what its channel received, and what it was sent
    ("rx", "tx"),
    ("receive", "transmit"),
    ("left", "right"),
    ("agent", "customer"),
    ("agent", "client"),
    ("agent", "caller"),
    ("caller", "callee"),
    ("local", "remote"),
    ("near", "far"),
    ("aleg", "bleg"),
)
"""What the names of a call's two sides end in; the first becomes the left channel."""
_SIDE: Final = re.compile(
    rf"(?P<call>.+)[-_. ](?P<side>{'|'.join(sorted({side for pair in _SIDES for side in pair}))})",
    re.IGNORECASE,
)
_MIXED: Final = re.compile(r"(?P<call>.+)[-_. ](?:all|mix|mixed|both)", re.IGNORECASE)
_LOSSLESS: Final = (".wav", ".wave", ".w64", ".flac", ".aif", ".aiff", ".caf", ".au")
_SLACK_S: Final = 1.0
_SLACK: Final = 0.01
"""Two sides are recorded from and until the same moment, but for packets at the end; encoders pad by less."""


class Paired(NamedTuple):
    """Recordings of which each is a call, as far as that is sure."""

    recordings: tuple[Recording, ...]
    ids: Mapping[Path, str]
    """The file -> the id of the recording that it is, or that it is part of or a copy of."""
    copies: int
    """Number of files left out because they hold the content or the sound of another."""
    warnings: tuple[str, ...]
    """What may be one call and was not put together, one sentence each."""


@dataclass(slots=True)
class _Group:
    """The recordings of one stem in one folder."""

    sides: dict[str, Recording]
    whole: list[Recording]


def pair_up(recordings: Sequence[Recording]) -> Paired:
    """Joins the two sides of a call, and leaves out the same call in another format or a second time.

    ``recordings`` are files, in the order in which the first of several with the same content is kept.

    A side is part of its call also where another file has the same content: two sides on which nobody speaks are equal.
    """
    originals: dict[Path, Recording] = {}
    apart: list[str] = []
    for group in _groups(recordings):
        call = _joined(group.sides)
        if call is not None:
            originals |= dict.fromkeys((side.path for side in group.sides.values()), call)
        elif group.sides:
            members = [*group.sides.values(), *group.whole]
            # what is damaged is told when it is decoded
            if group.whole or all(outline(one.path) for one in members):
                apart.append(" and ".join(one.path.name for one in members))
            continue
        originals |= dict(_copies(call, group.whole, apart))
    found = [originals.get(one.path, one) for one in recordings]
    # a copy of one of a call's files somewhere else is no call of its own
    calls = {one.id: whole.id for one, whole in zip(recordings, found, strict=True) if one.id != whole.id}
    kept: dict[str, Recording] = {}
    for whole in found:
        if whole.id not in calls:
            kept.setdefault(whole.id, whole)
    return Paired(
        tuple(kept.values()),
        {one.path: calls.get(whole.id, whole.id) for one, whole in zip(recordings, found, strict=True)},
        len(recordings) - sum(len(one.files) for one in kept.values()),
        tuple(_apart(apart)),
    )


def without_side(stem: str) -> str:
    """The name of a call without what says which side of it a file holds.

    >>> without_side("1743042317.12-in"), without_side("call")
    ('1743042317.12', 'call')
    """
    match = _SIDE.fullmatch(stem)
    return match["call"] if match else stem


def _groups(recordings: Iterable[Recording]) -> Iterator[_Group]:
    """Those with more than one recording, folder by folder; what is lossless comes first."""
    folders: dict[Path, list[Recording]] = defaultdict(list)
    for recording in recordings:
        folders[recording.path.parent].append(recording)
    for of_folder in folders.values():
        yield from _groups_of_folder(of_folder)


def _groups_of_folder(recordings: Iterable[Recording]) -> Iterator[_Group]:
    groups: dict[str, _Group] = defaultdict(lambda: _Group({}, []))

    def by_quality(recording: Recording) -> tuple[bool, str]:
        extension = recording.path.suffix.lower()
        return extension not in _LOSSLESS, extension

    for recording in sorted(recordings, key=by_quality):
        stem = recording.path.stem.casefold()
        side, mixed = _SIDE.fullmatch(stem), _MIXED.fullmatch(stem)
        call = side["call"] if side else mixed["call"] if mixed else stem
        group = groups[call]
        if side and side["side"] not in group.sides:
            group.sides[side["side"]] = recording
        else:
            group.whole.append(recording)
    return (group for group in groups.values() if len(group.sides) + len(group.whole) > 1)


def _joined(sides: Mapping[str, Recording]) -> Recording | None:
    """The call whose two sides these are, if they are mono and equally long, and not the same sound twice."""
    pair = next(((sides[a], sides[b]) for a, b in _SIDES if a in sides and b in sides), None)
    if pair is None or len(sides) > 2:
        return None
    first, second = pair
    heard = outline(first.path), outline(second.path)
    if first.id == second.id or not all(one is not None and one.channels == 1 for one in heard):
        return None
    if not _equally_long(*heard):
        return None
    return replace(
        first,
        id=joined_id([first.id, second.id]),
        size_bytes=first.size_bytes + second.size_bytes,
        facts=first.facts.over(second.facts),
        other_path=second.path,
    )


def _copies(
    call: Recording | None, whole: Sequence[Recording], apart: list[str]
) -> Iterator[tuple[Path, Recording]]:
    """The files that hold the sound of another recording, each with that other."""
    if not whole:
        return
    original = call or whole[0]
    length = outline(original.path)
    for one in whole if call else whole[1:]:
        if one.path.suffix.lower() == original.path.suffix.lower() and call is None:
            continue  # "call.wav" and "call-mix.wav" may be anything
        if _equally_long(length, outline(one.path)):
            yield one.path, original
        else:
            apart.append(f"{original.path.name} and {one.path.name}")


def _equally_long(one: Outline | None, other: Outline | None) -> bool:
    if one is None or other is None or one.duration_s is None or other.duration_s is None:
        return False
    return abs(one.duration_s - other.duration_s) <= max(_SLACK_S, _SLACK * one.duration_s)


def _apart(names: Sequence[str]) -> Iterator[str]:
    if names:
        them = counted(len(names), "pair of files", "pairs of files")
        yield (
            f"{them} may be one call each, such as {printable(names[0])}, but differ in length, are not mono, "
            "or are not two sides: they were scanned as calls of their own."
        )


def shared_ids(recordings: Iterable[Recording]) -> Iterator[str]:
    """A note on recordings that have a call id together: parts of a call, or the same heard at two places."""
    calls = Counter(one.facts.call_id for one in recordings if one.facts.call_id)
    several = {call: count for call, count in calls.items() if count > 1}
    if several:
        first = next(iter(several))
        yield (
            f"{counted(sum(several.values()), 'recording')} share their call id with another, such as "
            f"{printable(first)}: parts of one call are counted as calls of their own."
        )
