"""Texts for clips that have none in their corpus: callmood's own speech recogniser's, kept in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from callmood.call import Speaker, Turn
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import add_to_index, read_index
from callmood.training.data.prepare import Prepared
from callmood.training.progress import Remark, tracked
from callmood.wording import counted

_BATCH: Final = 64
"""Clips whose texts are stored at a time: as many are lost where the program is killed."""


def with_texts(prepared: Sequence[Prepared], cache: Path, report: Remark) -> list[Prepared]:
    """``prepared`` with a text for every clip; "" where the recogniser finds no words."""
    settings = TranscribeSettings()
    index = cache / f"texts-{settings.asr}.json"
    texts = read_index(index)
    missing = [sound for clip, sound in prepared if clip.text is None and sound.stem not in texts]
    if missing:
        report(f"transcribed by {settings.asr}: {counted(len(missing), 'clip')} without a text")
    for sounds, transcripts in _transcribed(missing, settings):
        fresh = {sound.stem: text for sound, text in zip(sounds, transcripts, strict=True)}
        add_to_index(index, fresh)
        texts |= fresh
    return [
        (replace(clip, text=texts[sound.stem]) if clip.text is None else clip, sound)
        for clip, sound in prepared
    ]


def _transcribed(
    sounds: Sequence[Path], settings: TranscribeSettings
) -> Iterator[tuple[Sequence[Path], list[str]]]:
    """Batches of ``sounds`` and their texts."""
    from callmood.pipeline.transcribe.transcriber import load_transcriber

    if not sounds:
        return
    transcriber = load_transcriber(settings, "auto")
    speakers = (Speaker(0, 0, "unknown", "a clip has one voice"),)
    batches = [sounds[start : start + _BATCH] for start in range(0, len(sounds), _BATCH)]
    for batch in tracked(batches, "transcribing"):
        clips = [np.load(sound).astype(np.float32)[None] / np.float32(32_767) for sound in batch]
        calls = [(clip, (Turn(0, 0.0, clip.shape[1] / SAMPLE_RATE),), speakers) for clip in clips]
        transcripts = transcriber.transcribe(calls)
        yield batch, [" ".join(part.text for part in one.segments) for one in transcripts]
