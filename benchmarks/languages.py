"""Which calls are not understood: how many English ones by mistake, how many in other languages rightly.

    python benchmarks/languages.py --english CALLS ... --others FOLDER ... [--noise 10 --colour pink] [--language auto]

With --language auto, which needs callmood[multilingual], a call in another language is right if it is understood, and
the language that was found is printed.

A folder of recordings is taken as it is, up to a minute of each; of a folder with a folder of utterances a speaker,
two-speaker calls are built as in benchmarks/diarization.py. All go through a telephone line, with noise where it is
asked for. Prints the verdict and how much speech was dropped.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from diarization import ENDINGS, built_calls, on_telephone, read

from callmood.pipeline.speakers.finder import load_finder
from callmood.pipeline.transcribe.transcriber import load_transcriber
from callmood.settings import SpeakerSettings, TranscribeSettings
from callmood.sound import SAMPLE_RATE, Samples

LONGEST_S = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--english", type=Path, nargs="*", default=[], help="folders of English calls or voices"
    )
    parser.add_argument("--others", type=Path, nargs="*", default=[], help="folders of other languages")
    parser.add_argument("--noise", type=float, help="noise, in decibels below the speech (default: none)")
    parser.add_argument("--colour", choices=("white", "pink"), default="pink", help="of the noise")
    parser.add_argument("--calls", type=int, default=4, help="calls to build of each folder of voices")
    parser.add_argument("--language", help="as of scan (default: English)")
    given = parser.parse_args()
    find = load_finder(SpeakerSettings(), "cpu")
    transcriber = load_transcriber(TranscribeSettings(language=given.language), "cpu")
    for title, folders, right in (
        ("English", given.english, True),
        ("other", given.others, given.language is not None),
    ):
        verdicts = []
        for folder in folders:
            for name, samples in calls(folder, given.calls):
                heard = samples if given.noise is None else with_noise(samples, given.noise, given.colour)
                conversation = find(on_telephone(heard)[None])
                (transcript,) = transcriber.transcribe(
                    [(conversation.samples, conversation.turns, conversation.speakers)]
                )
                verdicts.append(transcript.understood)
                dropped_s = sum(one.end_s - one.start_s for one in transcript.speech if one.dropped)
                print(
                    f"{title}: {folder.name}/{name}: {'understood' if transcript.understood else 'not understood'}, "
                    f"{dropped_s:.0f} s dropped, language {transcript.language or 'unknown'}"
                )
        wrong = sum(verdict != right for verdict in verdicts)
        print(f"{title}: {wrong} of {len(verdicts)} wrong\n")


def calls(folder: Path, count: int) -> Iterator[tuple[str, Samples]]:
    """Name and samples [n] of each call of a folder."""
    if any(path.is_dir() for path in folder.iterdir()):
        for case in built_calls(folder, count, seed=1, seconds=LONGEST_S):
            yield case.name, case.samples
        return
    for path in sorted(path for path in folder.iterdir() if path.suffix in ENDINGS):
        yield path.name, read(path)[: LONGEST_S * SAMPLE_RATE]


def with_noise(samples: Samples, below_db: float, colour: str) -> Samples:
    """Samples [n] with noise ``below_db`` under the mean power of what is louder than a whisper."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(samples.size))
    if colour == "pink":
        spectrum /= np.sqrt(np.arange(1, spectrum.size + 1))
    noise = np.fft.irfft(spectrum, samples.size)
    spoken = samples[np.abs(samples) > 0.02]
    level = np.sqrt(np.mean(np.square(spoken))) if spoken.size else 0.0
    return np.asarray(samples + noise / noise.std() * level * 10 ** (-below_db / 20), dtype=np.float32)


if __name__ == "__main__":
    main()
