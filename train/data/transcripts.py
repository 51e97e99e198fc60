"""Texts for clips whose corpus tells none: what callmood's own speech recogniser hears, kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from callmood.call import Speaker, Turn
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE
from callmood.training.cache import add_to_index, index
from callmood.training.data.prepare import Prepared
from callmood.wording import counted

_BATCH: Final = 64
"""Clips whose texts are stored at a time: as much is lost where the program is killed."""


def with_texts(prepared: Sequence[Prepared], cache: Path, report: Callable[[str], None]) -> list[Prepared]:
    """``prepared`` with a text for every clip; "" where nothing is understood."""
    settings = TranscribeSettings()
    store = cache / f"texts-{settings.asr}.json"
    texts = index(store)
    silent = [sound for clip, sound in prepared if clip.text is None and sound.stem not in texts]
    if silent:
        report(f"transcribed by {settings.asr}: {counted(len(silent), 'clip')} without a text")
    for sounds, heard in _heard(silent, settings):
        fresh = {sound.stem: text for sound, text in zip(sounds, heard, strict=True)}
        add_to_index(store, fresh)
        texts |= fresh
    return [
        (replace(clip, text=texts[sound.stem]) if clip.text is None else clip, sound)
        for clip, sound in prepared
    ]


def _heard(
    sounds: Sequence[Path], settings: TranscribeSettings
) -> Iterator[tuple[Sequence[Path], list[str]]]:
    from rich.console import Console
    from rich.progress import track

    from callmood.pipeline.transcribe.transcriber import load_transcriber

    if not sounds:
        return
    transcriber = load_transcriber(settings, "auto", os.cpu_count() or 1)
    speakers = (Speaker(0, 0, "unknown", "a clip has one voice"),)
    batches = [sounds[start : start + _BATCH] for start in range(0, len(sounds), _BATCH)]
    for batch in track(batches, "transcribing", console=Console(stderr=True)):
        clips = [np.load(sound).astype(np.float32)[None] / np.float32(32_767) for sound in batch]
        calls = [(clip, (Turn(0, 0.0, clip.shape[1] / SAMPLE_RATE),), speakers) for clip in clips]
        transcripts = transcriber.transcribe(calls)
        yield batch, [" ".join(part.text for part in one.segments) for one in transcripts]
