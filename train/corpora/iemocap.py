"""IEMOCAP: ten actors in five sessions of dialogues, acted from scripts and improvised.

Of each ``SessionN``: ``sentences/wav/DIALOGUE/UTTERANCE.wav``, ``dialog/EmoEvaluation/DIALOGUE.txt`` and
``dialog/transcriptions/DIALOGUE.txt``. Licensed by signature, for research only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from callmood.errors import CallmoodError
from callmood.training.corpora.clip import Clip, audio_files

RATERS_WORDS = {
    "ang": "anger",
    "dis": "disgust",
    "exc": "excited",
    "fea": "fear",
    "fru": "frustration",
    "hap": "happiness",
    "neu": "neutral",
    "oth": "other",
    "sad": "sadness",
    "sur": "surprise",
}
"""What raters tick for each label; "xxx" says that they disagreed."""

_UTTERANCE = re.compile(r"\[[\d. ]+-[\d. ]+\]\t(\w+)\t(\w+)\t")
_RATER = re.compile(r"C-E\d+:\t([^\t]*)")
"""A listener; C-F1 and C-M1 are the actors on themselves."""
_TEXT = re.compile(r"(\w+) \[[\d.]+-[\d.]+\]: (.*)")


def clips(folder: Path) -> Iterator[Clip]:
    """The utterances under ``folder``, which holds the sessions, as far as it has them.

    Raises CallmoodError where the sound of an utterance is missing.
    """
    for evaluation in _evaluations(folder):
        session = evaluation.parents[2]
        dialogue = evaluation.stem
        sounds = {path.stem: path for path in audio_files(session / "sentences" / "wav" / dialogue)}
        texts = _texts(session / "dialog" / "transcriptions" / evaluation.name)
        for utterance, native, agreement in _rated_utterances(evaluation):
            if utterance not in sounds:
                raise CallmoodError(
                    f"{session} lacks sentences/wav/{dialogue}/{utterance}.wav, which {evaluation.name} rates. "
                    "Complete the corpus, or remove the file from dialog/EmoEvaluation."
                )
            # Ses01F_impro01_M003: session 1, and the man speaks; the first letter is of who wears the markers
            voice = utterance.rpartition("_")[2][0]
            yield Clip(
                corpus="iemocap",
                path=sounds[utterance],
                speaker=f"iemocap-{utterance[3:5]}{voice}",
                native=native,
                text=texts.get(utterance),
                gender="female" if voice == "F" else "male",
                agreement=agreement,
            )


def _evaluations(folder: Path) -> list[Path]:
    """Of ``folder``'s sessions, of ``folder`` as a session, or of a release folder in it."""
    return sorted(
        path
        for depth in ("", "*/", "*/*/")
        for path in folder.glob(f"{depth}dialog/EmoEvaluation/*.txt")
        if not path.name.startswith(".")
    )


def _rated_utterances(evaluation: Path) -> Iterator[tuple[str, str, float | None]]:
    """(utterance, label, share of the listeners who chose it) of a dialogue."""
    blocks = re.split(r"(?m)^(?=\[)", evaluation.read_text(encoding="utf-8", errors="replace"))
    for block in blocks:
        utterance = _UTTERANCE.match(block)
        if utterance is not None:
            yield utterance[1], utterance[2], _agreement(utterance[2], _RATER.findall(block))


def _agreement(native: str, ticked: list[str]) -> float | None:
    word = RATERS_WORDS.get(native)
    if word is None or not ticked:
        return None
    return sum(word in raters.lower() for raters in ticked) / len(ticked)


def _texts(transcription: Path) -> Mapping[str, str]:
    if not transcription.is_file():
        return {}
    lines = transcription.read_text(encoding="utf-8", errors="replace").splitlines()
    return {found[1]: found[2].strip() for line in lines if (found := _TEXT.match(line))}
