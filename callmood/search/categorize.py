"""Categories found in calls, from what is stored: nothing is transcribed again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from callmood import store
from callmood.arrays import Floats, Ints, Mask
from callmood.model.networks.minilm import WIDTH, sentence_encoder
from callmood.search.categories import Category, included, read_categories
from callmood.search.sentences import included_vectors
from callmood.search.vectors import ENCODER, Progress, counts, likeness
from callmood.store import Connection
from callmood.store.categories import (
    Conditions,
    Member,
    calls_to_categorize,
    candidates,
    category_set,
    prepare_candidates,
    sentence_vectors,
    vectors_of,
    write_members,
    write_sentence_vectors,
)
from callmood.store.meanings import FoundSegment, named_segments

_CALLS_AT_ONCE: Final = 2000
"""Calls between two writes; others can read the database in between."""
_METHOD: Final = 1
"""Counts the ways in which categories were found; another one finds all anew."""
_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Compared:
    """A category with what segments are compared with."""

    name: str
    category: Category
    examples: slice
    """The columns of its examples among all sentences."""
    unlike: slice

    def conditions(self) -> Conditions:
        """What the database is asked for."""
        of = self.category
        quarter = {None: None, "first": 1, "last": 4}[of.part]
        return Conditions(*of.sought, of.role or "all", of.emotions, quarter, of.after_silence_s)

    def nearness(self, likeness: Floats) -> Floats:
        """The cosine [n] to the nearest example by those to all sentences [n, sentences].

        -1 where one of those that it is unlike is nearer.
        """
        near = likeness[:, self.examples].max(axis=1, initial=-1)
        return np.where(near > likeness[:, self.unlike].max(axis=1, initial=-1), near, np.float32(-1))

    def is_near(self, nearness: Floats) -> Mask:
        """Whether segments [n] are near enough."""
        return (nearness >= self.category.threshold) & bool(self.category.examples)


class Weighed(NamedTuple):
    """The segments of some calls that meet a category's conditions: [n] each."""

    places: Ints
    """Of their calls."""
    segments: Ints
    said: Mask
    """Whether its words or patterns match."""
    nearness: Floats


@dataclass(frozen=True, slots=True)
class Near:
    """A segment with its likeness to a category."""

    segment: FoundSegment
    likeness: float
    """Cosine to the nearest example."""
    is_said: bool
    """Whether words or patterns match, so that it belongs to the category anyway."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a threshold lets in and leaves out."""

    threshold: float
    hits: tuple[Near, ...]
    """The last ones that it lets in, the nearest first; of several with the same words one."""
    misses: tuple[Near, ...]
    """The first ones that it leaves out, the nearest first."""
    counts: Mapping[float, tuple[int, int]]
    """For other thresholds the number of segments and of calls that would belong to the category by meaning."""


def definitions_of(con: Connection) -> dict[str, Category]:
    """The categories that count in this database."""
    toml = category_set(con)
    if toml is None:
        return read_categories(included(), "callmood's own categories")
    return read_categories(toml, "The definitions in the database")


def categorize(
    db: Path, wait_s: float = store.READ_WAIT_S, progress: Progress | None = None
) -> dict[str, Category]:
    """Find the categories in all calls that have not been compared with the present definitions, and return these.

    Looks only at calls with vectors (``fill_in``). What is done is kept if this is interrupted.
    """
    with store.reading(db, wait_s=wait_s) as con:
        categories = definitions_of(con)
        definitions = _hash(categories)
        calls = calls_to_categorize(con, ENCODER, definitions)
        known = sentence_vectors(con, ENCODER)
    if not calls:
        return categories
    compared, sentences = compare_with(categories, known)
    own = {
        text: vector.tobytes()
        for text, vector in zip(sentences_of(categories), sentences, strict=True)
        if text not in included_vectors()
    }
    if own != known:
        with store.writing(db, wait_s=wait_s) as con:
            write_sentence_vectors(con, ENCODER, own)
    for start in range(0, len(calls), _CALLS_AT_ONCE):
        if progress is not None:
            progress(start, len(calls))
        with store.writing(db, wait_s=wait_s) as con:
            chunk = vectors_of(con, ENCODER, calls[start : start + _CALLS_AT_ONCE])
            ids = [recording_id for recording_id, _ in chunk]
            members = [
                member
                for one, weighed in _weighed(con, chunk, compared, sentences)
                for member in _members(one, weighed, ids)
            ]
            write_members(con, definitions, ids, members)
    return categories


def tune(con: Connection, name: str, category: Category) -> Tuning:
    """What the threshold of a category lets in and leaves out of all calls with vectors."""
    compared, sentences = compare_with({name: category})
    calls = calls_to_categorize(con, ENCODER, "")
    found: list[tuple[str, int, float, bool]] = []
    for start in range(0, len(calls), _CALLS_AT_ONCE):
        chunk = vectors_of(con, ENCODER, calls[start : start + _CALLS_AT_ONCE])
        for _, weighed in _weighed(con, chunk, compared, sentences):
            found += [
                (chunk[place][0], segment, near, said)
                for place, segment, said, near in zip(*(column.tolist() for column in weighed), strict=True)
            ]
    found.sort(key=lambda one: (-one[2], one[0], one[1]))
    threshold = category.threshold
    steps = sorted({round(0.05 * step, 2) for step in range(6, 17)} | {threshold})
    return Tuning(
        threshold,
        tuple(reversed(_distinct(con, [one for one in reversed(found) if one[2] >= threshold]))),
        tuple(_distinct(con, [one for one in found if -1 < one[2] < threshold])),
        {
            step: (
                sum(one[2] >= step for one in found),
                len({one[0] for one in found if one[2] >= step}),
            )
            for step in steps
        },
    )


def compare_with(
    categories: Mapping[str, Category], known: Mapping[str, bytes] | None = None
) -> tuple[list[Compared], Floats]:
    """The categories, and the vectors of all sentences that segments are compared with: [sentences, width].

    ``known``: the vectors of some sentences as float32, beside those that come with callmood.
    """
    place = 0
    compared = []
    for name, category in categories.items():
        start, middle = place, place + len(category.examples)
        place = middle + len(category.unlike)
        compared.append(Compared(name, category, slice(start, middle), slice(middle, place)))
    sentences = sentences_of(categories)
    found = {one: np.frombuffer(vector, np.float32) for one, vector in (known or {}).items()}
    found.update(included_vectors())
    missing = [one for one in dict.fromkeys(sentences) if one not in found]
    found.update(zip(missing, sentence_encoder()(missing), strict=True) if missing else ())
    return compared, np.array([found[one] for one in sentences], np.float32).reshape(-1, WIDTH)


def sentences_of(categories: Mapping[str, Category]) -> list[str]:
    """What segments are compared with, the examples of each category before what is unlike it."""
    return [one for category in categories.values() for one in (*category.examples, *category.unlike)]


def _weighed(
    con: Connection, calls: Sequence[tuple[str, bytes]], compared: Sequence[Compared], sentences: Floats
) -> Iterator[tuple[Compared, Weighed]]:
    stored = [vectors for _, vectors in calls]
    starts = np.cumsum([0, *counts(stored)])
    alike = likeness(stored, sentences)
    prepare_candidates(con, [recording_id for recording_id, _ in calls])
    for one in compared:
        places, segments, said = candidates(con, one.conditions())
        yield one, Weighed(places, segments, said, one.nearness(alike)[starts[places] + segments])


def _members(of: Compared, weighed: Weighed, ids: Sequence[str]) -> Iterator[Member]:
    near = of.is_near(weighed.nearness)
    anyway = of.category.is_decided_by_conditions
    order = np.lexsort((weighed.segments, weighed.places))
    for row in order[(weighed.said | near | anyway)[order]].tolist():
        evidence = {(True, True): "both", (True, False): "words", (False, True): "meaning"}.get(
            (bool(weighed.said[row]), bool(near[row])), "conditions"
        )
        alike = float(weighed.nearness[row]) if of.category.examples else None
        yield Member(ids[weighed.places[row]], int(weighed.segments[row]), of.name, evidence, alike)


def _distinct(con: Connection, found: Sequence[tuple[str, int, float, bool]]) -> list[Near]:
    """The first ones of ``found`` that differ in their words."""
    segments = {
        (one.recording_id, one.segment): one
        for one in named_segments(
            con, [(recording, segment) for recording, segment, *_ in found[: 20 * _SHOWN]]
        )
    }
    shown: dict[str, Near] = {}
    for recording_id, segment, near, said in found[: 20 * _SHOWN]:
        known = segments[recording_id, segment]
        shown.setdefault(known.text.casefold(), Near(known, near, said))
    return list(shown.values())[:_SHOWN]


def _hash(categories: Mapping[str, Category]) -> str:
    said = {
        name: category.model_dump(mode="json", exclude={"about"}) for name, category in categories.items()
    }
    return hashlib.sha256(json.dumps([_METHOD, ENCODER, said], sort_keys=True).encode()).hexdigest()[:16]
