"""pyannote's own diarization pipelines, for those who have one: by hub name or from a folder."""

import os
from collections.abc import Callable
from typing import Any

from callmood.errors import CallmoodError
from callmood.pipeline.speakers.diarize import Span
from callmood.sound import SAMPLE_RATE, Samples

Diarize = Callable[[Samples, int | None], list[Span]]
"""Samples [n] of one channel and the number of speakers, if known -> who speaks when."""


def load_pipeline(name: str, device: str) -> Diarize:
    """Loads the pipeline ``name``, with the token in HF_TOKEN if a hub asks for one.

    Raises CallmoodError if it can't be loaded.
    """
    try:
        import torch
        from pyannote.audio import Pipeline

        pipeline: Any = Pipeline.from_pretrained(name, token=os.environ.get("HF_TOKEN"))
    except Exception as error:
        raise CallmoodError(_load_error(name, error)) from error
    if pipeline is None:
        raise CallmoodError(
            _load_error(name, "the hub refused access; accept its conditions there and set HF_TOKEN")
        )
    if not hasattr(pipeline, "to"):
        raise CallmoodError(_load_error(name, "it is not a diarization pipeline"))
    pipeline.to(torch.device(device))

    def diarize(samples: Samples, count: int | None) -> list[Span]:
        sound = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE}
        found = pipeline(sound, num_speakers=count)
        # pyannote.audio 4 wraps the annotation, older pipelines return it bare
        annotation = getattr(found, "speaker_diarization", found)
        names = {name: number for number, name in enumerate(annotation.labels())}
        return [
            (names[label], float(segment.start), float(segment.end))
            for segment, _, label in annotation.itertracks(yield_label=True)
        ]

    return diarize


def _load_error(name: str, error: object) -> str:
    reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
    return (
        f"The diarizer {name!r} can't be loaded: {reason}. "
        "Give the hub name or the folder of a pyannote pipeline, or use --diarizer embedded."
    )
