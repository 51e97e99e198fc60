"""pyannote's own diarization pipelines, for those who have one: in a folder, or downloaded before."""

import warnings
from collections.abc import Callable
from typing import Any

from callmood.errors import CallmoodError
from callmood.pipeline.speakers.diarize import Span
from callmood.pipeline.speakers.pyannote_files import checked_config
from callmood.sound import SAMPLE_RATE, Samples
from callmood.wording import shortened

Diarize = Callable[[Samples, int | None], list[Span]]
"""Samples [n] of one channel and the number of speakers, if known -> who speaks when."""


def load_pipeline(name: str, device: str) -> Diarize:
    """Loads the pipeline ``name``, the folder of one or the name of one that ``hf download`` has fetched.

    Raises CallmoodError if it can't be loaded, or if loading it could run code.
    """
    try:
        with warnings.catch_warnings():
            # pyannote's own audio decoding needs an installed FFmpeg; callmood decodes with PyAV
            warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly")
            config = checked_config(name)
            import torch
            from pyannote.audio import Pipeline

            pipeline: Any = Pipeline.from_pretrained(config)
    except Exception as error:
        raise CallmoodError(_load_error(name, error)) from error
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
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return (
        f"The diarizer {name!r} can't be loaded: {shortened(reason, 300)}. "
        "Give the folder or the name of a pyannote pipeline that is on this machine, or use --diarizer embedded."
    )
