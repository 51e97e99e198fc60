"""Who spoke when on mono calls: the diarization error rate, file by file, the number of speakers unknown.

    python benchmarks/diarization.py --clips AMI_CLIPS --voices LIBRISPEECH --words GECKO_CTM GECKO_MP3

``--clips`` is a folder of recordings with RTTM and UEM files beside them. ``--words`` is a CTM file, whose speakers
stand before the "_" of its first column, and its recording; words with up to 0.5 s between them are one stretch.
``--voices`` is a folder with one folder of utterances a speaker; two-speaker calls are built of them: turns in
alternation, pauses, a little overlap and short back-channels, all drawn from a seed. Their reference is where the clean
utterances have energy between 150 and 1200 Hz (pauses from 0.3 s on are silence), so it comes from no model. Everything
is scored by pyannote.metrics, overlap counted.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from callmood.settings import SpeakerSettings
from callmood.sound import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from pyannote.core import Annotation, Timeline

Stretch = tuple[float, float]

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")
LONGEST_TURN_S = 9.0
PAUSE_S = 0.3
WORDS_GAP_S = 0.5
VOWELS_HZ = (150, 1200)
SHORTEST_VOWEL_FRAMES = 6
CONSONANT_S = 0.1
OVERLAPPING_TURNS = 0.2
BACK_CHANNELS = 0.15
SAME_AGAIN = 0.15


@dataclass(frozen=True)
class Piece:
    """What one speaker says at a stretch."""

    samples: Samples
    """[n] at 16 kHz."""
    voiced: tuple[Stretch, ...]
    """Where in it there is speech, in seconds."""


@dataclass(frozen=True)
class Case:
    """One recording and who speaks in it when."""

    name: str
    samples: Samples
    """[n] at 16 kHz."""
    reference: "Annotation"
    scored: "Timeline"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--clips", type=Path, help="folder of recordings with RTTM and UEM files")
    parser.add_argument("--voices", type=Path, help="folder with a folder of utterances for each speaker")
    parser.add_argument("--words", type=Path, nargs=2, help="a CTM file and its recording")
    parser.add_argument("--calls", type=int, default=8, help="two-speaker calls to build (default 8)")
    parser.add_argument("--seed", type=int, default=1, help="of the calls that are built (default 1)")
    parser.add_argument("--seconds", type=float, default=90.0, help="length of a built call (default 90)")
    parser.add_argument("--speakers", type=int, help="tell the diarizer the number (default: it finds it)")
    given = parser.parse_args()
    settings = SpeakerSettings(speakers=given.speakers)
    tables: list[tuple[str, list[Case]]] = []
    if given.clips:
        tables.append(("clips", list(clips(given.clips))))
    if given.words:
        tables.append(("words", [from_words(*given.words)]))
    if given.voices:
        calls = list(built_calls(given.voices, given.calls, given.seed, given.seconds))
        tables.append(("built calls", calls))
        tables.append(("built calls on the telephone", [_on_telephone(case) for case in calls]))
    if not tables:
        parser.error("give --clips, --voices or --words")
    report(tables, settings)


def report(tables: Sequence[tuple[str, Sequence[Case]]], settings: SpeakerSettings) -> None:
    """Prints a Markdown table of each set, its mean, and the speed over all."""
    import torch

    from callmood.pipeline.speakers.finder import load_finder

    torch.set_num_threads(1)
    find = load_finder(settings, "cpu")
    find(np.zeros((1, 5 * SAMPLE_RATE), dtype=np.float32))
    seconds = processor = 0.0
    for title, cases in tables:
        print(f"\n| {title} | DER | DER, 0.25 s collar | miss | false alarm | confusion | speakers |")
        print("|---|---|---|---|---|---|---|")
        rows = []
        for case in cases:
            started = time.process_time()
            conversation = find(case.samples[None])
            processor += time.process_time() - started
            seconds += case.samples.size / SAMPLE_RATE
            row = score(case, [(turn.speaker, turn.start_s, turn.end_s) for turn in conversation.turns])
            rows.append(row)
            counts = f"{len(conversation.speakers)} of {len(case.reference.labels())}"
            print(f"| {case.name} | {' | '.join(f'{value:.3f}' for value in row)} | {counts} |")
        print(_mean("mean", rows))
        usual = [row for case, row in zip(cases, rows, strict=True) if len(case.reference.labels()) in (2, 3)]
        if len(usual) < len(rows):
            print(_mean("mean, two or three speakers", usual))
    print(f"\n{seconds / processor:.0f} s of audio per processor second, one thread ({seconds:.0f} s in all)")


def _mean(name: str, rows: Sequence[tuple[float, ...]]) -> str:
    mean = np.mean(rows, axis=0)
    return f"| **{name}** | **{mean[0]:.3f}** | {' | '.join(f'{value:.3f}' for value in mean[1:])} | |"


def score(case: Case, turns: Sequence[tuple[int, float, float]]) -> tuple[float, ...]:
    """DER without and with a collar of 0.25 s (on each side of a boundary), then miss, false alarm, confusion."""
    from pyannote.core import Annotation, Segment
    from pyannote.metrics.diarization import DiarizationErrorRate

    found = Annotation()
    for number, (speaker, start, end) in enumerate(turns):
        found[Segment(start, end), number] = speaker
    strict = DiarizationErrorRate()(case.reference, found, uem=case.scored, detailed=True)
    lenient = DiarizationErrorRate(collar=0.5)(case.reference, found, uem=case.scored)
    total = strict["total"] or 1.0
    parts = (strict["missed detection"], strict["false alarm"], strict["confusion"])
    return (strict["diarization error rate"], float(lenient), *(part / total for part in parts))


def clips(folder: Path) -> Iterator[Case]:
    """The recordings of a folder that its RTTM and UEM files tell of."""
    import unicodedata

    from pyannote.core import Segment, Timeline
    from pyannote.database import util

    tools: Any = util
    references: dict[str, Any] = {}
    scored: dict[str, Any] = {}
    for path in sorted(folder.glob("*.rttm")):
        references.update(tools.load_rttm(path))
    for path in sorted(folder.glob("*.uem")):
        scored.update(tools.load_uem(path))
    for path in sorted(path for path in folder.iterdir() if path.suffix in ENDINGS):
        name = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
        if name in references:
            samples = read(path)
            whole = Timeline([Segment(0, samples.size / SAMPLE_RATE)])
            yield Case(path.name, samples, references[name], scored.get(name, whole))


def from_words(ctm: Path, recording: Path) -> Case:
    """A recording whose words have speakers and times."""
    words: dict[str, list[Stretch]] = {}
    for line in ctm.read_text(encoding="utf-8").splitlines():
        name, _, start, length = line.split()[:4]
        if not name.startswith("<NA>"):
            words.setdefault(name.split("_")[0], []).append((float(start), float(start) + float(length)))
    told: list[tuple[int, Stretch]] = []
    for speaker, stretches in enumerate(words.values()):
        joined: list[Stretch] = []
        for start_s, end_s in sorted(stretches):
            if joined and start_s - joined[-1][1] <= WORDS_GAP_S:
                start_s, end_s = joined[-1][0], max(end_s, joined[-1][1])
                joined.pop()
            joined.append((start_s, end_s))
        told.extend((speaker, one) for one in joined)
    samples = read(recording)
    return Case(recording.name, samples, _annotation(told), _whole(samples.size))


def built_calls(folder: Path, count: int, seed: int, seconds: float) -> Iterator[Case]:
    """Two-speaker calls of the voices in a folder, every pair once before any comes again."""
    speakers = sorted(path for path in folder.iterdir() if path.is_dir())
    pairs = list(combinations(speakers, 2))
    order = np.random.default_rng(seed).permutation(len(pairs))
    for number in range(count):
        pair = pairs[order[number % len(pairs)]]
        voices = [_pieces(speaker) for speaker in pair]
        name = " and ".join(speaker.name for speaker in pair)
        yield built_call(name, voices, seed * 1000 + number, seconds)


def built_call(
    name: str,
    voices: Sequence[Sequence[Piece]],
    seed: int,
    seconds: float,
    overlapping: float = OVERLAPPING_TURNS,
) -> Case:
    """A call of the given voices' pieces, each voice at its own level, over faint noise.

    ``overlapping`` is the share of changes of speaker at which the next begins too early.
    """
    draw = np.random.default_rng(seed)
    stock = [list(draw.permutation(len(pieces))) for pieces in voices]
    levels = [10 ** (draw.uniform(-6, 0) / 20) for _ in voices]
    length = int(seconds * SAMPLE_RATE)
    samples = np.zeros(length, dtype=np.float32)
    told: list[tuple[int, Stretch]] = []

    def lay(speaker: int, piece: Piece, start: int) -> int:
        sound = piece.samples[: length - start] * levels[speaker]
        samples[start : start + sound.size] += sound
        ends = (start + sound.size) / SAMPLE_RATE
        told.extend(
            (speaker, (start / SAMPLE_RATE + a, min(ends, start / SAMPLE_RATE + b)))
            for a, b in piece.voiced
            if start / SAMPLE_RATE + a < ends
        )
        return start + sound.size

    at, speaker = int(draw.uniform(0.2, 1.0) * SAMPLE_RATE), int(draw.integers(len(voices)))
    while at < length - SAMPLE_RATE:
        if not stock[speaker]:
            stock[speaker] = list(draw.permutation(len(voices[speaker])))
        began, at = at, lay(speaker, voices[speaker][stock[speaker].pop()], at)
        others = [other for other in range(len(voices)) if other != speaker]
        if others and draw.random() < BACK_CHANNELS and at - began > 3 * SAMPLE_RATE:
            other = int(draw.choice(others))
            word = _first_word(voices[other][int(draw.integers(len(voices[other])))])
            lay(other, word, int(draw.uniform(began + SAMPLE_RATE, at - SAMPLE_RATE)))
        goes_on = not others or draw.random() < SAME_AGAIN
        if not goes_on:
            speaker = int(draw.choice(others))
        if not goes_on and draw.random() < overlapping:
            at -= int(draw.uniform(0.2, 0.8) * SAMPLE_RATE)
        else:
            at += int(draw.uniform(0.2, 1.2) * SAMPLE_RATE)
    samples += draw.normal(0, 10 ** (-60 / 20), length).astype(np.float32)
    return Case(name, samples, _annotation(told), _whole(length))


def on_telephone(samples: Samples, seed: int = 0) -> Samples:
    """The same through a line: 8 kHz, 300 to 3400 Hz, 8-bit mu-law, line noise 45 dB below full speech."""
    import soxr
    from scipy.signal import butter, sosfilt

    narrow = soxr.resample(samples, SAMPLE_RATE, SAMPLE_RATE // 2)
    narrow = sosfilt(butter(4, [300, 3400], "bandpass", fs=SAMPLE_RATE // 2, output="sos"), narrow)
    narrow = narrow / max(1e-6, float(np.abs(narrow).max())) * 0.5
    narrow = narrow + np.random.default_rng(seed).normal(0, 0.5 * 10 ** (-45 / 20), narrow.size)
    pressed = np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256)
    pressed = np.round(pressed * 127) / 127
    narrow = np.sign(pressed) * (256 ** np.abs(pressed) - 1) / 255
    return np.asarray(soxr.resample(narrow.astype(np.float32), SAMPLE_RATE // 2, SAMPLE_RATE))


def read(path: Path) -> Samples:
    """A file's first channel, [n] at 16 kHz."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples[:, 0], rate, SAMPLE_RATE))


def _on_telephone(case: Case) -> Case:
    return Case(case.name, on_telephone(case.samples), case.reference, case.scored)


def _pieces(folder: Path) -> list[Piece]:
    pieces: list[Piece] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in ENDINGS):
        samples = read(path)
        samples = samples / max(1e-6, float(np.abs(samples).max())) * 0.5
        pieces.extend(turns_of(samples))
    return pieces


def turns_of(samples: Samples) -> Iterator[Piece]:
    """An utterance without silence around it, cut at pauses where it is longer than a turn."""
    voiced = _voiced(samples)
    while voiced:
        taken = 1
        while taken < len(voiced) and voiced[taken][1] - voiced[0][0] <= LONGEST_TURN_S:
            taken += 1
        start, end = voiced[0][0], voiced[taken - 1][1]
        inside = tuple((a - start, b - start) for a, b in voiced[:taken])
        yield Piece(samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)], inside)
        voiced = voiced[taken:]


def _first_word(piece: Piece) -> Piece:
    """Some 0.6 s, cut where it is quietest, faded out."""
    low, high = int(0.4 * SAMPLE_RATE), int(0.9 * SAMPLE_RATE)
    energy = np.convolve(piece.samples[:high] ** 2, np.ones(400), "same")
    cut = low + int(np.argmin(energy[low:])) if piece.samples.size >= high else piece.samples.size
    word = piece.samples[:cut].copy()
    fade = min(400, word.size)
    word[word.size - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return Piece(word, ((0.0, cut / SAMPLE_RATE),))


def _voiced(samples: Samples) -> list[Stretch]:
    """Where a recording has vowels, in seconds, widened to the consonants around them, short gaps filled."""
    from scipy.signal import butter, sosfilt

    frame = SAMPLE_RATE // 100
    vowels = sosfilt(butter(4, VOWELS_HZ, "bandpass", fs=SAMPLE_RATE, output="sos"), samples)
    frames = vowels[: samples.size // frame * frame].reshape(-1, frame)
    if not frames.size:
        return []
    power = np.convolve((frames**2).mean(axis=1), np.full(3, 1 / 3), "same")
    decibels = 10 * np.log10(power + 1e-12)
    active = np.concatenate([[False], decibels > _threshold_db(decibels), [False]])
    stretches: list[Stretch] = []
    for first, last in np.flatnonzero(np.diff(active.astype(np.int8))).reshape(-1, 2):
        if last - first < SHORTEST_VOWEL_FRAMES:
            continue
        start, end = max(0.0, first / 100 - CONSONANT_S), min(len(frames), last + CONSONANT_S * 100) / 100
        if stretches and start - stretches[-1][1] < PAUSE_S:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    return stretches


def _threshold_db(decibels: NDArray[np.float32]) -> float:
    """Between a recording's loud and quiet frames: Otsu's cut, lowered so that soft sounds stay in."""
    loud = float(np.percentile(decibels, 95))
    counts, edges = np.histogram(np.maximum(decibels, loud - 60), bins=np.arange(loud - 60, loud + 20))
    middles = (edges[1:] + edges[:-1]) / 2
    below, above = np.cumsum(counts)[:-1], np.cumsum(counts[::-1])[::-1][1:]
    sums = np.cumsum(counts * middles)
    means = sums[:-1] / np.maximum(below, 1), (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    cut = middles[int(np.argmax(below * above * (means[0] - means[1]) ** 2))]
    return float(np.clip(cut - 8, loud - 35, loud - 12))


def _annotation(told: Sequence[tuple[int, Stretch]]) -> "Annotation":
    from pyannote.core import Annotation, Segment

    reference = Annotation()
    for number, (speaker, (start, end)) in enumerate(told):
        reference[Segment(start, end), number] = f"speaker {speaker}"
    return reference


def _whole(length: int) -> "Timeline":
    from pyannote.core import Segment, Timeline

    return Timeline([Segment(0, length / SAMPLE_RATE)])


if __name__ == "__main__":
    main()
