"""Which clips train, validate and test: at random as in the paper, by speaker, by fold, by corpus."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callmood.errors import CallmoodError, UsageError
from callmood.training.corpora.clip import Clip
from callmood.wording import did_you_mean

RAVDESS_FOLDS: Final = {
    1: ("01", "11", "20", "21"),
    2: ("04", "10", "12", "14"),
    3: ("08", "09", "19", "23"),
    4: ("03", "05", "07", "24"),
    5: ("02", "15", "16", "18"),
    6: ("06", "13", "17", "22"),
}
"""EmoBox's test actors of each fold; the other actors of the corpus are its training part."""

SAVEE_FOLDS: Final = {1: ("JE",), 2: ("KL",), 3: ("DC",), 4: ("JK",)}
"""EmoBox's test speaker of each fold."""

IEMOCAP_FOLDS: Final = {session: (f"0{session}F", f"0{session}M") for session in range(1, 6)}
"""A fold is a session, as is customary."""

FOLDS: Final[dict[str, Mapping[int, tuple[str, ...]]]] = {
    "ravdess": RAVDESS_FOLDS,
    "savee": SAVEE_FOLDS,
    "iemocap": IEMOCAP_FOLDS,
}

FEWEST_SPEAKERS: Final = 3
"""A corpus with fewer can't be split by speaker into three parts: it only trains."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One split of a list of clips: rows of it, each list in their order."""

    name: str
    train: list[int]
    validation: list[int]
    test: list[int]


def splits(clips: Sequence[Clip], kind: str, seed: int) -> Iterator[Rows]:
    """The splits of ``clips`` that ``kind`` names, a key of SPLITS; the same ``seed`` gives the same.

    Raises CallmoodError where there are too few clips for it, UsageError for an unknown kind.
    """
    require_split(kind)
    if not clips:
        raise CallmoodError("No clip is left to split; see what was left out, and why.")
    for label, count in Counter(clip.label for clip in clips).items():
        if count < 3:
            raise CallmoodError(
                f"There {'is one clip' if count == 1 else 'are two clips'} of {label}. A split needs three, to train, "
                "validate and test: add some, or leave the class out."
            )
    yield from SPLITS[kind](clips, seed)


def require_split(kind: str) -> None:
    """Raise UsageError where there is no split called ``kind``."""
    if kind not in SPLITS:
        known = list(SPLITS)
        raise UsageError(f"There is no split {kind}{did_you_mean(kind, known)}. Known: {', '.join(known)}.")


def paper(clips: Sequence[Clip], seed: int) -> Iterator[Rows]:
    """A fifth of the clips tests, a fifth of the others validates, drawn at random label by label.

    Speakers are in all parts, as in the paper, whose validation part holds augmented copies, too; this one does not.
    """
    rest, test = _split_off_a_fifth(clips, range(len(clips)), seed)
    train, validation = _split_off_a_fifth(clips, rest, seed)
    yield Rows("paper", train, validation, test)


def by_speaker(clips: Sequence[Clip], seed: int) -> Iterator[Rows]:
    """A fifth of each corpus's speakers tests, another fifth validates, labels as even as they can be.

    A corpus of fewer than FEWEST_SPEAKERS only trains.
    """
    validation, test = [], []
    for corpus in _of_many_speakers(clips):
        folds = _speaker_folds(clips, _rows_of(clips, corpus), seed)
        test += folds[0]
        validation += folds[1]
    if not test:
        raise CallmoodError(
            f"A split by speaker needs a corpus of {FEWEST_SPEAKERS} speakers or more, and there is none. "
            "Add speakers, or use the split paper."
        )
    yield _with_the_rest_training(clips, "speaker", validation, test)


def by_fold(clips: Sequence[Clip], seed: int) -> Iterator[Rows]:
    """EmoBox's folds, of all corpora that have them at once; the next fold's speakers validate.

    Folds without speakers are skipped. Corpora without published folds only train, as does one with clips of fewer
    than three folds. Nothing is drawn: ``seed`` has no effect.
    """
    rows = {corpus: found for corpus in FOLDS if len(found := _fold_rows(clips, corpus)) >= FEWEST_SPEAKERS}
    if not rows:
        raise CallmoodError(
            f"The split folds needs clips of at least three folds of one of {', '.join(FOLDS)}. Use the split speaker."
        )
    for fold in sorted({fold for found in rows.values() for fold in found}):
        validation, test = [], []
        for found in rows.values():
            if fold in found:
                present = sorted(found)
                test += found[fold]
                validation += found[present[(present.index(fold) + 1) % len(present)]]
        yield _with_the_rest_training(clips, f"fold {fold}", validation, test)


def unseen(clips: Sequence[Clip], seed: int) -> Iterator[Rows]:
    """Every speaker of every corpus is tested once: EmoBox's folds, and the speakers of other corpora dealt among them.

    Where EmoBox has fewer than three folds, all are dealt among five. The next fold of each corpus that has three or
    more validates; a corpus of fewer speakers only trains and tests. Nothing is drawn: ``seed`` has no effect.
    """
    known = {corpus: _fold_rows(clips, corpus) for corpus in FOLDS}
    numbers = sorted({fold for found in known.values() for fold in found})
    if len(numbers) < FEWEST_SPEAKERS:
        known, numbers = {}, [1, 2, 3, 4, 5]
    corpora = sorted({clip.corpus for clip in clips})
    rows = {corpus: known.get(corpus) or _spread_rows(clips, corpus, numbers) for corpus in corpora}
    if not any(len(found) >= FEWEST_SPEAKERS for found in rows.values()):
        raise CallmoodError(
            f"The split unseen needs a corpus of {FEWEST_SPEAKERS} speakers or more, and there is none. "
            "Add speakers, or use the split paper."
        )
    for fold in sorted({fold for found in rows.values() for fold in found}):
        validation, test = [], []
        for found in rows.values():
            test += found.get(fold, [])
            if len(found) >= FEWEST_SPEAKERS:
                present = sorted(found)
                validation += found[next((later for later in present if later > fold), present[0])]
        yield _with_the_rest_training(clips, f"unseen {fold}", validation, test)


def by_corpus(clips: Sequence[Clip], seed: int) -> Iterator[Rows]:
    """Each corpus in turn is the test, and the others train; labels that only it has are left out of its test.

    A fifth of the others validates: of their speakers, or of the clips of corpora with few speakers.
    """
    corpora = sorted({clip.corpus for clip in clips})
    if len(corpora) < 2:
        raise CallmoodError(f"Leaving a corpus out needs two corpora, and there is only {corpora[0]}.")
    for left_out in corpora:
        others = [row for row, clip in enumerate(clips) if clip.corpus != left_out]
        known = {clips[row].label for row in others}
        test = [row for row, clip in enumerate(clips) if clip.corpus == left_out and clip.label in known]
        if not test:
            raise CallmoodError(f"No label of {left_out} occurs in another corpus, so it can't be left out.")
        many = _of_many_speakers(clips)
        validation = []
        for corpus in corpora:
            if corpus == left_out:
                continue
            of_corpus = [row for row in others if clips[row].corpus == corpus]
            validation += (
                _speaker_folds(clips, _rows_of(clips, corpus), seed)[0]
                if corpus in many
                else _split_off_a_fifth(clips, of_corpus, seed)[1]
            )
        held = {*test, *validation}
        train = [row for row in others if row not in held]
        yield Rows(f"without {left_out}", train, sorted(validation), test)


SPLITS: Final[dict[str, Callable[[Sequence[Clip], int], Iterator[Rows]]]] = {
    "paper": paper,
    "speaker": by_speaker,
    "folds": by_fold,
    "unseen": unseen,
    "corpus": by_corpus,
}
"""By their names in a command."""


def unseen_folds(clips: Sequence[Clip], seed: int) -> Iterator[tuple[int, list[int], list[int]]]:
    """(fold, training rows, test rows), so that every speaker is tested unseen: for calibration.

    EmoBox's where RAVDESS's actors are of two folds or more, the speakers of each other corpus dealt among them, or
    else all speakers in five folds, or as many as there are speakers.
    """
    if len(_fold_rows(clips, "ravdess")) > 1:
        folds = list(ravdess_folds(clips))
        dealt = _dealt(clips, len(folds))
        for place, (number, _, test) in enumerate(folds):
            held_out = {*test, *(row for row, fold in dealt.items() if fold == place)}
            yield number, [row for row in range(len(clips)) if row not in held_out], sorted(held_out)
        return
    if len({clip.speaker for clip in clips}) < 2:
        raise CallmoodError("All clips are of one speaker. Calibration needs two or more.")
    for number, test in enumerate(_speaker_folds(clips, range(len(clips)), seed), start=1):
        held_out = set(test)
        yield number, [row for row in range(len(clips)) if row not in held_out], test


def corpus_folds(clips: Sequence[Clip]) -> list[tuple[int, list[int], list[int]]]:
    """(fold, training rows, test rows) that leave out each corpus in turn."""
    found = []
    for number, corpus in enumerate(sorted({clip.corpus for clip in clips}), start=1):
        rows = _rows_of(clips, corpus)
        held_out = set(rows)
        found.append((number, [row for row in range(len(clips)) if row not in held_out], rows))
    return found


def _dealt(clips: Sequence[Clip], folds: int) -> dict[int, int]:
    """By row of a clip that is not RAVDESS's: the place of its fold. A corpus's speakers are dealt one by one."""
    speakers: dict[str, list[str]] = {}
    for clip in clips:
        if clip.corpus != "ravdess" and clip.speaker not in speakers.setdefault(clip.corpus, []):
            speakers[clip.corpus].append(clip.speaker)
    place = {
        speaker: i % folds for of_corpus in speakers.values() for i, speaker in enumerate(sorted(of_corpus))
    }
    return {row: place[clip.speaker] for row, clip in enumerate(clips) if clip.speaker in place}


def ravdess_folds(clips: Sequence[Clip]) -> Iterator[tuple[int, list[int], list[int]]]:
    """(fold, training rows, test rows) of each of EmoBox's folds that has a test actor among ``clips``.

    Clips of other corpora are in every training part.
    """
    for fold, actors in RAVDESS_FOLDS.items():
        held_out = {f"ravdess-{actor}" for actor in actors}
        test = [row for row, clip in enumerate(clips) if clip.speaker in held_out]
        train = [row for row, clip in enumerate(clips) if clip.speaker not in held_out]
        if test:
            yield fold, train, test


def _split_off_a_fifth(clips: Sequence[Clip], rows: Sequence[int], seed: int) -> tuple[list[int], list[int]]:
    """Four fifths and a fifth of ``rows``, label by label."""
    from sklearn.model_selection import train_test_split

    labels = [clips[row].label for row in rows]
    fewest = 5 * len(set(labels))
    if len(rows) < fewest or min(Counter(labels).values()) < 2:
        raise CallmoodError(
            f"{len(rows)} of {len(clips)} clips, of {len(set(labels))} classes, are too few to draw a fifth of each "
            f"class from: at least {fewest} are needed, and two of each class."
        )
    most, fifth = train_test_split(list(rows), test_size=0.2, stratify=labels, random_state=seed)
    return sorted(most), sorted(fifth)


def _of_many_speakers(clips: Sequence[Clip]) -> list[str]:
    speakers = {(clip.corpus, clip.speaker) for clip in clips}
    counts = Counter(corpus for corpus, _ in speakers)
    return sorted(corpus for corpus, count in counts.items() if count >= FEWEST_SPEAKERS)


def _rows_of(clips: Sequence[Clip], corpus: str) -> list[int]:
    return [row for row, clip in enumerate(clips) if clip.corpus == corpus]


def _speaker_folds(clips: Sequence[Clip], rows: Sequence[int], seed: int) -> list[list[int]]:
    """``rows`` in five folds, or as many as they have speakers, none of whom is in two."""
    from sklearn.model_selection import StratifiedGroupKFold

    speakers = [clips[row].speaker for row in rows]
    labels = [clips[row].label for row in rows]
    folds = StratifiedGroupKFold(min(5, len(set(speakers))), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")
        return [[rows[index] for index in test] for _, test in folds.split(rows, labels, speakers)]


def _fold_rows(clips: Sequence[Clip], corpus: str) -> dict[int, list[int]]:
    """Fold: the rows of its test speakers, of folds that have some."""
    fold_of = {f"{corpus}-{name}": fold for fold, names in FOLDS[corpus].items() for name in names}
    rows: dict[int, list[int]] = {}
    for row, clip in enumerate(clips):
        if clip.speaker in fold_of:
            rows.setdefault(fold_of[clip.speaker], []).append(row)
    return rows


def _spread_rows(clips: Sequence[Clip], corpus: str, folds: Sequence[int]) -> dict[int, list[int]]:
    """Fold: the rows of its test speakers. The corpus's speakers, sorted, are spread evenly over ``folds``."""
    rows = _rows_of(clips, corpus)
    speakers = sorted({clips[row].speaker for row in rows})
    fold_of = {speaker: folds[place * len(folds) // len(speakers)] for place, speaker in enumerate(speakers)}
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(fold_of[clips[row].speaker], []).append(row)
    return found


def _with_the_rest_training(clips: Sequence[Clip], name: str, validation: list[int], test: list[int]) -> Rows:
    """The split whose other clips train; raises where they lack a class that the test has."""
    held = {*validation, *test}
    train = [row for row in range(len(clips)) if row not in held]
    untrained = {clips[row].label for row in test} - {clips[row].label for row in train}
    if untrained:
        raise CallmoodError(
            f"In the split {name} no clip of {', '.join(sorted(untrained))} is left to train on. "
            "Add clips of that class by more speakers."
        )
    return Rows(name, train, sorted(validation), sorted(test))
