"""Why customers call: what they open calls with, grouped by meaning."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from callmood.arrays import Floats, Ints
from callmood.model.networks.minilm import WIDTH
from callmood.redaction import LABELS, redact_texts
from callmood.search.phrases import words_of
from callmood.search.vectors import ENCODER, directions
from callmood.store import Connection
from callmood.store.meanings import Filter, FoundSegment, call_texts, opening_vectors

ALIKE: Final = 0.35
"""The mean cosine between statements of a group, at least. Chosen on half of benchmarks/topics.toml."""
LEAST: Final = 3
"""Calls in a group, at least."""
_COMPARED: Final = 4000
"""Statements that are compared with each other, evenly drawn if there are more; the others join the nearest group."""
_WORDS: Final = 3
_MARKS: Final = re.compile("|".join(re.escape(f"[{kind}]") for kind in LABELS))
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """A reason to call."""

    words: tuple[str, ...]
    """Those that distinguish it, the most distinctive first."""
    calls: int
    examples: tuple[FoundSegment, ...]
    """What customers said, the most typical first."""


@dataclass(frozen=True, slots=True)
class Topics:
    """What customers called about."""

    topics: tuple[Topic, ...]
    """The largest first."""
    calls: int
    """Calls whose opening statement is known, in a group or not."""
    without: int
    """Calls in which no customer says four words in a row."""
    unsearchable: int = 0
    """Calls that are left out, because they are not searchable yet and the database can't be written."""


def find_topics(con: Connection, wanted: Filter, *, redacted: bool = False) -> Topics:
    """Group the calls of a filter by what their customers open them with. The same calls give the same groups.

    ``opening_vectors`` says what counts as an opening statement. ``redacted``: whether groups may not be named by what
    is secret; their examples are as they were said.
    """
    openings, without = opening_vectors(con, ENCODER, WIDTH, wanted)
    said = [segment for segment, _ in openings]
    vectors = directions([vector for _, vector in openings])
    labels = grouped(vectors)
    everyone = [segment.text for segment in said]
    topics = []
    for label in range(labels.max(initial=-1) + 1):
        members = np.flatnonzero(labels == label)
        spoken = [said[row] for row in members]
        words = distinctive(_public(con, spoken) if redacted else [one.text for one in spoken], everyone)
        topics.append(Topic(words, len(members), _typical(members, vectors, said)))
    topics.sort(key=lambda topic: (-topic.calls, topic.words))
    return Topics(tuple(topics), len(openings), without)


def grouped(vectors: Floats) -> Ints:
    """The group of each vector [n, width], from 0; -1 in none. By average linkage of their cosines."""
    count = len(vectors)
    if count < LEAST:
        return np.full(count, -1)
    # takes a third of a second
    from scipy.cluster.hierarchy import fcluster, linkage

    compared = np.unique(np.linspace(0, count - 1, min(count, _COMPARED)).astype(np.int64))
    tree: Any = linkage(vectors[compared], "average", metric="cosine")
    found = np.asarray(fcluster(tree, 1 - ALIKE, "distance"), np.int64)
    large = [label for label in np.unique(found) if (found == label).sum() >= LEAST]
    labels = np.full(count, -1)
    if not large:
        return labels
    means = np.stack([vectors[compared[found == label]].mean(axis=0) for label in large])
    alike = vectors @ means.T
    nearest = alike.argmax(axis=1)
    labels = np.where(alike.max(axis=1) >= ALIKE, nearest, -1)
    place = {label: number for number, label in enumerate(large)}
    labels[compared] = [place.get(label, -1) for label in found]
    return np.asarray(labels, np.int64)


def distinctive(members: Sequence[str], everyone: Sequence[str]) -> tuple[str, ...]:
    """The words that set ``members`` apart from ``everyone``, who include them, the most distinctive first; no numbers.

    A word weighs by the share of members that say it, and by how much that is above its share in all.
    """
    inside, overall = _holding(members), _holding(everyone)

    def weight(word: str) -> float:
        share = inside[word] / len(members)
        return share * math.log(share / (overall[word] / len(everyone)))

    usable = [
        word
        for word, count in inside.items()
        if count >= 2 and len(word) > 2 and word not in _function_words() and not any(map(str.isdigit, word))
    ]
    return tuple(sorted(usable, key=lambda word: (-weight(word), word))[:_WORDS])


def _public(con: Connection, said: Sequence[FoundSegment]) -> list[str]:
    """The texts of segments without what is secret in them, as their calls tell, and without the marks for it."""
    texts_of = {call.recording_id: call.texts for call in call_texts(con, [one.recording_id for one in said])}
    found = (redact_texts(texts_of[one.recording_id][: one.segment + 1])[-1] for one in said)
    return [_MARKS.sub(" ", one.text) for one in found]


@cache
def _function_words() -> frozenset[str]:
    """Words that say nothing of what a call is about, whatever group they stand in."""
    file = files("callmood.search").joinpath("function_words.txt")
    return frozenset(file.read_text(encoding="utf-8").split())


def _holding(texts: Sequence[str]) -> Counter[str]:
    """How many texts hold each word."""
    return Counter(word for text in texts for word in set(words_of(text)))


def _typical(members: Ints, vectors: Floats, said: Sequence[FoundSegment]) -> tuple[FoundSegment, ...]:
    """The members nearest to all others, with different words."""
    alike = vectors[members] @ vectors[members].mean(axis=0)
    shown: dict[str, FoundSegment] = {}
    for row in members[np.lexsort((members, -alike))]:
        shown.setdefault(said[row].text.casefold(), said[row])
        if len(shown) == _EXAMPLES:
            break
    return tuple(shown.values())
