"""Stored calls scored again from the vectors of their segments: no recording is opened, and nothing is heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from callmood.arrays import Floats
from callmood.call import Outcome, Rescored
from callmood.pipeline.pipeline import Job, RescoreJob, Work, finish_batch
from callmood.pipeline.score import Encodable, score_encoded
from callmood.settings import Settings

if TYPE_CHECKING:
    from callmood.model import Scorer
    from callmood.model.bundle import EncoderIds


def load_from_vectors(settings: Settings, encoders: EncoderIds, device: str) -> Work:
    """Loads the emotion model without its encoders; returns the function that scores stored calls with their vectors.

    ``encoders`` are the model's. Its text encoder is loaded once a call's words have no vectors.
    """
    from callmood.model.bundle import content_id, find_bundle, load_classifier, load_texts

    model = settings.score.model
    texts = cache(partial(load_texts, model, device))

    def encode(words: Sequence[str]) -> Floats:
        encoder = texts()
        assert encoder is not None
        return encoder(words)

    scorer = replace(load_classifier(model, content_id(find_bundle(model))), text_encoder=encode)
    return partial(from_vectors, scorer, encoders, settings)


def from_vectors(
    scorer: Scorer, encoders: EncoderIds, settings: Settings, jobs: Sequence[Job]
) -> Iterator[Outcome]:
    """Scores stored calls (``RescoreJob`` with vectors), all at once. See ``Work``; ``encoders`` are the scorer's."""
    batch = [_Stored(job) for job in jobs if isinstance(job, RescoreJob)]
    return finish_batch(batch, partial(_rescored, scorer, encoders, settings))


@dataclass(frozen=True, slots=True)
class _Stored:
    job: RescoreJob


def _rescored(
    scorer: Scorer, encoders: EncoderIds, settings: Settings, batch: Sequence[_Stored]
) -> list[Rescored]:
    calls = []
    for job in (one.job for one in batch):
        assert job.audio_vectors is not None
        calls.append(Encodable(job.speakers, job.segments, job.audio_vectors, job.text_vectors or {}))
    return [
        Rescored(
            one.job.recording,
            one.job.expected_s,
            scored.scores,
            scored.baselines,
            moods=scored.moods,
            text_vectors=scored.text_vectors if settings.score.keep_vectors else None,
        )
        for one, scored in zip(
            batch, score_encoded(scorer, encoders, calls, settings.score.roles), strict=True
        )
    ]
