"""A bundle's card: what it was taught on, what it may be used for, how good it is, where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callmood.model.bundle import Settings
from callmood.train.corpora.clip import Clip

SOURCES: Final = {
    "ravdess": (
        "RAVDESS (Livingstone and Russo, 2018), speech part: North American actors, two sentences, acted. "
        "CC BY-NC-SA 4.0: **no commercial use**."
    ),
    "tess": (
        "TESS (Pichora-Fuller and Dupuis, 2020): two Canadian actresses, single words in a carrier sentence, acted. "
        "CC BY-NC-ND 4.0: **no commercial use**."
    ),
}
TEXTS: Final = "GoEmotions (Demszky et al., 2020): comments from Reddit, in English. CC BY 4.0."

_CARD: Final = """# callmood's emotion model

Eight labels: {labels}. It reads a segment's sound, its words or both, and compares the sound with what the same
speaker sounds like otherwise.

## How it is made

- Sound: {encoders}, mean and standard deviation over time of their layers; two linear heads, one for that vector and
  one for its difference to the speaker's mean vector. `tiny.en` is the encoder of Whisper tiny.en (MIT), `cam++` the
  speaker network of 3D-Speaker (Apache-2.0); both come from packages and are used as they are.
- Words: {words}.
- Made by `callmood train`; the recipe holds every number.

## Taught on

{sources}

## Licence of the weights

The corpora above that forbid commercial use bind these weights too: they are for research and evaluation.
**A company that wants to use callmood commercially trains its own bundle** on recordings of its own or on corpora that
are licensed to it: `callmood train`, see the README.

## Figures

Mean recall (UA) and accuracy (WA) in percent and expected calibration error (ECE, in percentage points), mean and
standard deviation over speaker-independent folds (EmoBox's, as far as the actors are there); ECE also over the clips
of all folds at once, because few clips make it too high by nature. "call" compares each clip
with 12 others of its speaker, 9 of them neutral or calm. "telephone" is 8 kHz, 300 to 3400 Hz, 8-bit mu-law, a line
that is not in the training.

{table}

## Limits

- Acted speech of a few North American speakers, in English. Real calls are harder, and there most speech is neutral or
  calm; a system that does well on acted speech was seen to lose a third of its score on real calls.
- It measures how a voice sounds, not what a person feels. Do not decide about people by it alone. Some laws forbid
  inferring emotions of employees at work.
- A speaker who sounds the same from the first word to the last gives no contrast: look at the score without a baseline
  beside.
- Below a probability of {threshold} a segment is called uncertain.
"""


def text(clips: Sequence[Clip], results: Mapping[str, Mapping[str, Any]], settings: Settings) -> str:
    """The card in Markdown."""
    sources = [f"- {SOURCES.get(name, name)}" for name in sorted({clip.corpus for clip in clips})]
    if settings.text is not None:
        sources.append(f"- {TEXTS}")
    return _CARD.format(
        labels=", ".join(settings.labels),
        encoders=", ".join(settings.audio.encoders) if settings.audio else "none",
        words="a BERT-like encoder tuned on texts, added with a fixed weight"
        if settings.text
        else "not read",
        sources="\n".join(sources),
        table=figures_table(results),
        threshold=settings.threshold,
    )


def figures_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """All figures as a Markdown table."""
    lines = ["| test | system | UA | WA | ECE | ECE, folds pooled |", "|---|---|---|---|---|---|"]
    for test, systems in results.items():
        for system, found in systems.items():
            lines.append(
                f"| {test} | {system} | {found['ua']:.1f} ± {found['ua_std']:.1f} "
                f"| {found['wa']:.1f} ± {found['wa_std']:.1f} | {found['ece']:.1f} ± {found['ece_std']:.1f} "
                f"| {found['ece_pooled']:.1f} |"
            )
    return "\n".join(lines)
