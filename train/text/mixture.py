"""What one stage of a training reads: so many passes over each kind of text, roughened as a recogniser would."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from callmood.training.corpora.goemotions import Comment
from callmood.training.fit.batches import length_batches
from callmood.training.text.network import length_of
from callmood.training.text.recipe import Stage, TextRecipe
from callmood.training.text.texts import Texts

_PUNCTUATION: Final = re.compile(r"[^\w\s']+")
_NAME: Final = re.compile(r"\[NAME\]")
_OF_SOMEBODY: Final = re.compile(
    r"^(i|you|we|he|she|they|am|are|is|was|were|be|been|so|very|really|feel|not)$|'", re.I
)
"""Before a word of feeling, these make it somebody's."""
_NEUTRAL: Final = frozenset({"neutral"})


def mixture(texts: Texts, stage: Stage, recipe: TextRecipe, rng: random.Random) -> list[Comment]:
    """The texts of one stage, not yet in random order; what is not a whole pass is a sample."""
    talk = [
        joined(misheard(sentence, recipe, rng), texts.service_talk, recipe.joined_share, rng)
        for sentence in passes(texts.service_talk, stage.service_talk, rng)
    ]
    return [
        *passes(texts.comments, stage.comments, rng),
        *passes(texts.conversation, stage.conversation, rng),
        *talk,
    ]


def passes(comments: Sequence[Comment], times: float, rng: random.Random) -> list[Comment]:
    """Every comment ``times`` times, a fraction of them once more."""
    whole = int(times)
    rest = round((times - whole) * len(comments))
    return [*comments] * whole + (rng.sample(list(comments), rest) if rest else [])


def misheard(sentence: Comment, recipe: TextRecipe, rng: random.Random) -> Comment:
    """If it is neutral, sometimes with a word of feeling in the place of one that says nothing about anybody."""
    if sentence.labels != _NEUTRAL or rng.random() >= recipe.misheard_share:
        return sentence
    words = sentence.text.split()
    places = [
        at
        for at, word in enumerate(words)
        if len(word) > 3 and not (at and _OF_SOMEBODY.search(words[at - 1]))
    ]
    if len(words) < 5 or not places:
        return sentence
    words[rng.choice(places)] = rng.choice(recipe.misheard)
    return replace(sentence, text=" ".join(words))


def joined(sentence: Comment, talk: Sequence[Comment], share: float, rng: random.Random) -> Comment:
    """Sometimes with another sentence before or behind it that is neutral or says nothing, as in a longer turn."""
    if not sentence.labels or rng.random() >= share:
        return sentence
    other = rng.choice(talk)
    while other.labels and other.labels != _NEUTRAL:
        other = rng.choice(talk)
    pair = [sentence.text, other.text]
    rng.shuffle(pair)
    return replace(sentence, text=rng.choice([". ", ", ", " "]).join(pair))


def random_batches(comments: Sequence[Comment], size: int, rng: random.Random) -> list[list[Comment]]:
    """Every comment once, in batches of similar lengths, in random order."""
    order = rng.sample(range(len(comments)), len(comments))
    lengths = [length_of(comment.text) for comment in comments]
    batches = [[comments[row] for row in rows] for rows in length_batches(order, lengths, size)]
    rng.shuffle(batches)
    return batches


def roughened(comment: Comment, recipe: TextRecipe, rng: random.Random) -> str:
    """The text, sometimes with a name put in for [NAME], sometimes without its punctuation.

    What is said is sometimes hesitated over, and words of it are lost or heard twice.
    """
    text = comment.text
    if rng.random() < recipe.name_share:
        text = _NAME.sub(lambda _: rng.choice(recipe.names), text)
    if rng.random() < recipe.bare_share:
        text = _PUNCTUATION.sub(" ", text)
    if comment.spoken and rng.random() < recipe.disfluent_share:
        text = _disfluent(text, recipe, rng)
    return text


def _disfluent(text: str, recipe: TextRecipe, rng: random.Random) -> str:
    words = text.split()
    at = rng.randrange(len(words) + 1)
    chance = rng.random()
    if chance < 0.5:
        words.insert(at, rng.choice(recipe.hesitations))
    elif chance < 0.75 and at < len(words):
        words.insert(at, words[at])
    elif len(words) > 4:
        del words[at % len(words)]
    return " ".join(words)
