"""The segments that mean what a sentence says, or that hold its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from callmood.arrays import Floats, Ints, Mask
from callmood.errors import CallmoodError, UsageError
from callmood.model.networks.minilm import sentence_encoder
from callmood.search.phrases import phrase_pattern
from callmood.search.vectors import ENCODER, counts, likeness
from callmood.store import Connection, rows
from callmood.store.meanings import (
    Filter,
    FoundSegment,
    agents,
    call_vectors,
    named_segments,
    segments_with,
    wanted_segments,
)
from callmood.wording import did_you_mean


@dataclass(frozen=True, slots=True)
class Hit(FoundSegment):
    """A segment that was found."""

    score: float | None
    """How near its meaning is: the cosine, at most 1; None where the words themselves were looked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search."""

    hits: tuple[Hit, ...]
    """The nearest first; of words, those of the newest calls first."""
    searched: int
    """Number of segments that were looked at; of words, number of segments that hold them."""
    unsearchable: int = 0
    """Calls that were not looked at, because they are not searchable yet and the database can't be written."""


def find_meaning(con: Connection, sentence: str, wanted: Filter, limit: int) -> Found:
    """The segments that mean most nearly what ``sentence`` says; those without vectors are not looked at."""
    _require_words(sentence)
    require_agent(con, wanted.agent)
    question = sentence_encoder()([sentence])
    calls: list[tuple[int, str]] = []
    lengths = [0]
    parts = [np.zeros(0, np.float32)]
    for some in call_vectors(con, ENCODER, wanted):
        stored = [vectors for _, _, vectors in some]
        parts.append(likeness(stored, question)[:, 0])
        lengths += counts(stored)
        calls += [(key, recording_id) for key, recording_id, _ in some]
    scores, starts = np.concatenate(parts), np.cumsum(lengths)
    looked_at = scores != 0  # which it is without words
    if wanted.is_of_segments:
        looked_at &= _looked_at(con, wanted, [key for key, _ in calls], starts)
    best = _best(scores, looked_at, limit)
    in_call = np.searchsorted(starts, best, side="right") - 1
    places = [(calls[call][1], int(row - starts[call])) for call, row in zip(in_call, best, strict=True)]
    found = {(one.recording_id, one.segment): one for one in named_segments(con, places)}
    hits = (_hit(found[place], float(scores[row])) for place, row in zip(places, best, strict=True))
    return Found(tuple(hits), int(looked_at.sum()))


def find_words(con: Connection, phrase: str, wanted: Filter, limit: int) -> Found:
    """The segments in which the words of ``phrase`` stand in a row, whatever their capitals and accents."""
    _require_words(phrase)
    require_agent(con, wanted.agent)
    found, count = segments_with(con, phrase_pattern([phrase]), wanted, limit)
    return Found(tuple(_hit(one, None) for one in found), count)


def require_agent(con: Connection, agent: str | None) -> None:
    """Raises CallmoodError if an agent is named who has no calls; case and spaces don't matter."""
    if agent is None:
        return
    names = agents(con)
    ((key,),) = rows(con, "SELECT name_key($name)", {"name": agent})
    if key not in {known for known, _ in names}:
        suggestion = did_you_mean(agent, [name for _, name in names])
        raise CallmoodError(f'No calls with the agent "{agent}"{suggestion}.')


def _require_words(text: str) -> None:
    if not any(map(str.isalnum, text)):
        raise UsageError("Give words to look for.")


def _looked_at(con: Connection, wanted: Filter, keys: Sequence[int], starts: Ints) -> Mask:
    """Which of the vectors belong to segments that are wanted; those of the call ``keys[i]`` begin at ``starts[i]``."""
    mask = np.zeros(starts[-1], bool)
    order = np.argsort(keys)
    of_segments, segments = wanted_segments(con, ENCODER, wanted)
    if len(of_segments):
        mask[starts[order[np.searchsorted(keys, of_segments, sorter=order)]] + segments] = True
    return mask


def _best(scores: Floats, looked_at: Mask, limit: int) -> list[int]:
    """The rows with the highest scores among those looked at, the highest first."""
    able = np.flatnonzero(looked_at)
    if len(able) > limit:
        able = able[np.argpartition(-scores[able], limit - 1)[:limit]]
    ranked: list[int] = able[np.lexsort((able, -scores[able]))].tolist()
    return ranked


def _hit(found: FoundSegment, score: float | None) -> Hit:
    return Hit(**asdict(found), score=score)
