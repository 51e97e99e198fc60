"""How many people speak on mono calls of acted voices: two who become one, and one who becomes two.

    python benchmarks/excited_voices.py --data ravdess=FOLDER --data emodb=FOLDER --calls 20

Calls are built of the corpora's clips as in benchmarks/diarization.py, with more overlap: two actors of the same or
of different gender, both even-tempered, one of them excited, both excited, or in all moods; and one actor alone in
all moods. A voice keeps its own differences of level from mood to mood. Every other call goes through a telephone
line. ``--part`` takes every other speaker, so that what is chosen on one half can be judged on the other.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from diarization import Case, Piece, built_call, on_telephone, read, score, turns_of

from callmood.settings import SpeakerSettings
from callmood.training.corpora.clip import Clip
from callmood.training.corpora.registry import named_folders, native_clips

Part = Literal["all", "even", "odd"]
EVEN_TEMPERED = ("neutral", "calm", "neu", "n", "boredom")
MOODS = ("even", "one excited", "both excited", "all moods")
OVERLAPPING_TURNS = 0.4


@dataclass(frozen=True)
class Voice:
    """An actor's clips."""

    corpus: str
    speaker: str
    gender: str
    even: tuple[Clip, ...]
    excited: tuple[Clip, ...]


@dataclass(frozen=True)
class Built:
    """A call, and what kind it is of."""

    kind: str
    case: Case
    people: int


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", action="append", required=True, help="NAME=FOLDER of a corpus")
    parser.add_argument("--part", choices=("all", "even", "odd"), default="all", help="which speakers")
    parser.add_argument("--calls", type=int, default=20, help="pairs of speakers a mood (default 20)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a call (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="of the calls that are built (default 1)")
    given = parser.parse_args()
    report(calls(voices(given.data, given.part), given.calls, given.seconds, given.seed))


def report(built: Iterator[Built]) -> None:
    """Prints a Markdown table: for each kind of call how many speakers were found, and the mean DER."""
    import torch

    from callmood.pipeline.speakers.finder import load_finder

    torch.set_num_threads(1)
    find = load_finder(SpeakerSettings(), "cpu")
    rows: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for one in built:
        found = find(one.case.samples[None])
        der = score(one.case, [(turn.speaker, turn.start_s, turn.end_s) for turn in found.turns])[0]
        rows[one.kind].append((len(found.speakers) - one.people, der))
    print("| calls | number | too few speakers | too many | DER |")
    print("|---|---|---|---|---|")
    for kind, of_kind in rows.items():
        few, many = (sum(sign * wrong > 0 for wrong, _ in of_kind) for sign in (-1, 1))
        print(f"| {kind} | {len(of_kind)} | {few} | {many} | {np.mean([der for _, der in of_kind]):.3f} |")


def voices(corpora: Sequence[str], part: Part) -> list[Voice]:
    """The actors of the corpora ("NAME=FOLDER"), or every other one of each corpus."""
    found = []
    for name, folder in named_folders(corpora):
        of_speaker: defaultdict[str, list[Clip]] = defaultdict(list)
        for clip in native_clips(name, folder):
            of_speaker[clip.speaker].append(clip)
        speakers = sorted(of_speaker)
        first = {"all": 0, "even": 0, "odd": 1}[part]
        for speaker in speakers[first :: 1 if part == "all" else 2]:
            clips = of_speaker[speaker]
            even = tuple(clip for clip in clips if clip.native in EVEN_TEMPERED)
            excited = tuple(clip for clip in clips if clip.native not in EVEN_TEMPERED)
            if even and excited:
                found.append(Voice(name, speaker, clips[0].gender or "", even, excited))
    return found


def calls(of: Sequence[Voice], count: int, seconds: float, seed: int) -> Iterator[Built]:
    """Calls of two for each mood, of the same and of different gender in turn, and calls of one."""
    draw = np.random.default_rng(seed)
    # of one corpus: what was recorded elsewhere sounds like somebody else
    together = [pair for pair in combinations(of, 2) if pair[0].corpus == pair[1].corpus]
    same = [pair for pair in together if pair[0].gender == pair[1].gender]
    unlike = [pair for pair in together if pair[0].gender != pair[1].gender]
    for mood in MOODS:
        for number in range(count):
            pairs, gender = ((same, "same gender"), (unlike, "two genders"))[number % 2]
            pair = pairs[int(draw.integers(len(pairs)))]
            line = ("clean", "telephone")[number // 2 % 2]
            yield _built(f"two, {gender}, {mood}", pair, _moods_of(mood), line, seconds, draw)
    for number in range(2 * count):
        voice = of[number % len(of)]
        yield _built("one, all moods", [voice], ("all",), ("clean", "telephone")[number % 2], seconds, draw)


def _moods_of(mood: str) -> tuple[str, str]:
    if mood == "one excited":
        return "even", "excited"
    each = {"even": "even", "both excited": "excited", "all moods": "all"}[mood]
    return each, each


def _built(
    kind: str,
    of: Sequence[Voice],
    moods: Sequence[str],
    line: str,
    seconds: float,
    draw: np.random.Generator,
) -> Built:
    pieces = [_pieces(voice, mood, seconds, draw) for voice, mood in zip(of, moods, strict=True)]
    name = " and ".join(voice.speaker for voice in of)
    case = built_call(name, pieces, int(draw.integers(2**31)), seconds, overlapping=OVERLAPPING_TURNS)
    if line == "telephone":
        case = Case(case.name, on_telephone(case.samples), case.reference, case.scored)
    return Built(f"{kind}, {line}", case, len(of))


def _pieces(voice: Voice, mood: str, seconds: float, draw: np.random.Generator) -> list[Piece]:
    """Enough clips of a voice for a call."""
    clips = {"even": voice.even, "excited": voice.excited, "all": (*voice.even, *voice.excited)}[mood]
    chosen = draw.permutation(len(clips))[: max(4, int(seconds / 2))]
    sounds = [read(clips[at].path) for at in chosen]
    loudest = max(float(np.abs(sound).max()) for sound in sounds)
    return [piece for sound in sounds for piece in turns_of(sound / max(1e-6, loudest) * 0.7)]


if __name__ == "__main__":
    main()
