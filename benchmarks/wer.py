"""How many words come out wrong, clean and through a telephone line, and how fast the words come.

    python benchmarks/wer.py TEXTS [--calls FILE ...]

``TEXTS`` is a folder of recordings of one speaker each. The words come from a text file beside a recording
(``a.wav``, ``a.txt``), or from SpeechBrain's annotations (JSON with "wav" and "wrd") anywhere in the folder.
Both sides go through Whisper's own English normaliser. Every recording is one turn: voice activity plays no part.

``--calls`` compares speed on real calls with WhisperX's own pipeline, channel by channel, on the same weights in
the same process: its voice activity, its 30 s chunks, batches of 8, no word times. RTFx is seconds of audio a
second of processor time, one thread, the models loaded.
"""

import argparse
import contextlib
import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from callmood.call import Speaker, Turn
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.transcribe.transcriber import Transcriber, Transcript, load_transcriber
from callmood.settings import SpeakerSettings, TranscribeSettings
from callmood.sound import SAMPLE_RATE, Samples

KNOWN = {
    "jfk.wav": "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country."
}
"""whisper.cpp's sample, which comes without its text."""


def clips_of(folder: Path) -> Iterator[tuple[str, Samples, str]]:
    """Name, samples [n] at 16 kHz and text of each recording whose words are known."""
    texts = dict(KNOWN)
    for path in sorted(folder.rglob("*.json")):
        for entry in json.loads(path.read_text(encoding="utf-8")).values():
            if isinstance(entry, dict) and "wrd" in entry:
                # a whole recording's entry comes last where an excerpt's has other words
                name = Path(entry["wav"]).name
                if "start" not in entry or name not in texts:
                    texts[name] = entry["wrd"]
    for path in sorted(folder.rglob("*.txt")):
        texts.update({f"{path.stem}{end}": path.read_text(encoding="utf-8") for end in (".wav", ".flac")})
    for path in sorted(folder.rglob("*")):
        if path.name in texts:
            yield path.name, decode(path).samples[0], texts[path.name]


def distance(wanted: Sequence[str], got: Sequence[str]) -> int:
    """Words to replace, insert or delete."""
    row = list(range(len(got) + 1))
    for i, word in enumerate(wanted, 1):
        above, row = row, [i]
        for j, other in enumerate(got, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


def words(text: str) -> list[str]:
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    normalised: str = EnglishTextNormalizer({})(text)
    return normalised.split()


def said(transcript: Transcript) -> str:
    return " ".join(segment.text for segment in transcript.segments)


def error_rate(transcriber: Transcriber, clips: Sequence[tuple[str, Samples, str]], verbose: bool) -> float:
    calls = [
        (samples[None], [Turn(0, 0.0, len(samples) / SAMPLE_RATE)], (Speaker(0, 0),))
        for _, samples, _ in clips
    ]
    wrong = total = 0
    for (name, _, text), transcript in zip(clips, transcriber.transcribe(calls), strict=True):
        errors = distance(words(text), words(said(transcript)))
        wrong, total = wrong + errors, total + len(words(text))
        if verbose:
            print(f"  {name:18} {errors} {words(text)} {words(said(transcript))} {transcript.dropped}")
    return wrong / total


def timed(work: Any) -> tuple[Any, float]:
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


def compare_speed(transcriber: Transcriber, paths: Sequence[Path]) -> None:
    import torch

    from callmood.pipeline.speakers.finder import load_finder
    from callmood.pipeline.transcribe.recogniser import model_folder

    torch.set_num_threads(1)
    find = load_finder(SpeakerSettings(), "cpu")
    heard = [decode(path) for path in paths]
    audio_s = sum(audio.duration_s * audio.channels for audio in heard)
    found, finding_s = timed(lambda: [find(audio.samples) for audio in heard])
    calls = [(a.samples, one.turns, one.speakers) for a, one in zip(heard, found, strict=True)]
    ours, ours_s = timed(lambda: transcriber.transcribe(calls))
    print(f"{audio_s:.0f} s of channels, processor time on one thread:")
    print(
        f"  callmood: speakers {finding_s:.1f} s, text and word times {ours_s:.1f} s, "
        f"RTFx {audio_s / (finding_s + ours_s):.1f}; {sum(len(said(o).split()) for o in ours)} words"
    )
    for precision in ("int8", "float32"):
        import whisperx

        with contextlib.redirect_stdout(io.StringIO()):
            pipeline = whisperx.load_model(
                str(model_folder("tiny.en")), "cpu", compute_type=precision, language="en", threads=1
            )
        plain, plain_s = timed(
            lambda pipeline=pipeline: [
                pipeline.transcribe(channel, batch_size=8) for audio in heard for channel in audio.samples
            ]
        )
        count = sum(len(segment["text"].split()) for one in plain for segment in one["segments"])
        print(
            f"  WhisperX's pipeline, {precision}: {plain_s:.1f} s, "
            f"RTFx {audio_s / plain_s:.1f}; {count} words"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path)
    parser.add_argument("--calls", type=Path, nargs="+", default=[])
    parser.add_argument("--asr", default="tiny.en")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from callmood.training.data.lines import telephone

    transcriber, load_s = timed(lambda: load_transcriber(TranscribeSettings(asr=given.asr), "cpu"))
    print(f"loaded in {load_s:.1f} s of processor time")
    clips = list(clips_of(given.texts))
    lines = {"clean": clips, "telephone": [(name, telephone(clip), text) for name, clip, text in clips]}
    for line, heard in lines.items():
        rate = error_rate(transcriber, heard, given.verbose)
        print(f"{line}: word error rate {100 * rate:.1f} % on {len(clips)} recordings")
    if given.calls:
        compare_speed(transcriber, given.calls)


if __name__ == "__main__":
    main()
