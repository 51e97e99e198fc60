"""One call in several files: its two sides apart, or the same sound in two formats.

Only what is sure is put together: names of one stem in one folder, and headers that state the same length. What looks
like one call and is not sure stays apart, and is said.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from callmood.call import Recording
from callmood.hashing import joined_id
from callmood.pipeline.audio.decode import Outline, outline
from callmood.pipeline.intake.packed import Packed
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

    recordings: Sequence[Recording]
    contents: Sequence[tuple[str, str]]
    """Each file's path, and the id of the recording that it is, or that it is part of or a copy of."""
    copies: int
    """Number of files left out because they hold the content or the sound of another."""
    warnings: tuple[str, ...]
    """What may be one call and was not put together, one sentence each."""


@dataclass(slots=True)
class _Group:
    """The recordings of one stem in one folder."""

    sides: dict[str, Recording]
    whole: list[Recording]


def pair_up(recordings: Iterable[Recording]) -> Paired:
    """Joins the two sides of a call, and leaves out the same call in another format or a second time.

    ``recordings`` are files, in the order in which the first of several with the same content is kept.

    A side is part of its call also where another file has the same content: two sides on which nobody speaks are equal.
    """
    stems = _Stems()
    files = Packed(map(stems.seen, recordings))
    originals, calls, apart = _originals(stems.shared(files))
    kept, contents = Packed[Recording](), Packed[tuple[str, str]]()
    ids: set[str] = set()
    copies = len(files)
    for one in files:
        whole = originals.get(one.path, one)
        contents.append((str(one.path), calls.get(whole.id, whole.id)))
        if whole.id not in calls and whole.id not in ids:
            ids.add(whole.id)
            copies -= len(whole.files)
            kept.append(whole)
    return Paired(kept, contents, copies, tuple(_apart(apart)))


def _originals(
    recordings: Iterable[Recording],
) -> tuple[dict[Path, Recording], dict[str, str], list[str]]:
    """The recording that a file is part of or a copy of, by the file; the ids of those recordings, by the id of the
    file, because a copy of one of a call's files somewhere else is no call of its own; and what was kept apart."""
    originals: dict[Path, Recording] = {}
    calls: dict[str, str] = {}
    apart: list[str] = []
    for group in _groups(recordings):
        call = _joined(group.sides)
        members = [*group.sides.values(), *group.whole]
        if call is not None:
            originals |= dict.fromkeys((side.path for side in group.sides.values()), call)
        elif group.sides:
            # what is damaged is told when it is decoded
            if group.whole or all(outline(one.path) for one in members):
                apart.append(" and ".join(one.path.name for one in members))
            continue
        originals |= dict(_copies(call, group.whole, apart))
        for one in members:
            if one.path in originals and originals[one.path].id != one.id:
                calls[one.id] = originals[one.path].id
    return originals, calls, apart


def without_side(stem: str) -> str:
    """The name of a call without what says which side of it a file holds.

    >>> without_side("1743042317.12-in"), without_side("call")
    ('1743042317.12', 'call')
    """
    match = _SIDE.fullmatch(stem)
    return match["call"] if match else stem


class _Stems:
    """The stems of the files that went by: most are of one file alone, of which there is nothing to hold."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._shared: set[int] = set()

    def seen(self, recording: Recording) -> Recording:
        """Note a recording, and return it."""
        stem = self._stem(recording)
        (self._shared if stem in self._seen else self._seen).add(stem)
        return recording

    def shared(self, recordings: Iterable[Recording]) -> Iterator[Recording]:
        """Those of ``recordings`` whose stem may be another's too: two stems can have one hash."""
        return (one for one in recordings if self._stem(one) in self._shared) if self._shared else iter(())

    @staticmethod
    def _stem(recording: Recording) -> int:
        return hash((str(recording.path.parent), _call_of(recording)[0]))


def _call_of(recording: Recording) -> tuple[str, str | None]:
    """The name of the call that a file holds, and which side of it, if it says so."""
    stem = recording.path.stem.casefold()
    if side := _SIDE.fullmatch(stem):
        return side["call"], side["side"]
    mixed = _MIXED.fullmatch(stem)
    return (mixed["call"] if mixed else stem), None


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
        call, side = _call_of(recording)
        group = groups[call]
        if side and side not in group.sides:
            group.sides[side] = recording
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


def shared_ids(calls: Mapping[str, int]) -> Iterator[str]:
    """A note on recordings that have a call id together: parts of a call, or the same heard at two places.

    ``calls``: the number of recordings of each call id.
    """
    several = {call: count for call, count in calls.items() if count > 1}
    if several:
        first = next(iter(several))
        yield (
            f"{counted(sum(several.values()), 'recording')} share their call id with another, such as "
            f"{printable(first)}: parts of one call are counted as calls of their own."
        )
