"""A worker without models of its own: it decodes, finds speech and asks the process on the device."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import cache, partial
from multiprocessing.connection import Client, Connection
from typing import Any, Final, TypeVar

import numpy as np

from callmood.arrays import Floats
from callmood.call import Outcome
from callmood.engine.device import ABOUT, PASSES, AboutRecogniser, Piece
from callmood.engine.messages import receive, send
from callmood.errors import CallmoodError
from callmood.pipeline.pipeline import Job, Stages, Work, encoders_to_keep, scan
from callmood.pipeline.transcribe.decoder import FULL_WINDOW, Attempt, Pass, Task, judged
from callmood.pipeline.transcribe.hypotheses import tokenizer_of
from callmood.settings import Settings
from callmood.sound import Samples

T = TypeVar("T")

IN_FLIGHT: Final = 3
"""Recordings that a feeder works on at once: one waits for the device while another is decoded."""
_REQUEST_ITEMS: Final = 64
"""Pieces in one request: a long recording fills neither the pipe nor the device's memory."""
_NAMES: Final[Mapping[Pass, str]] = {decode_pass: name for name, decode_pass in PASSES.items()}


class Remote:
    """A connection to the process on a device, which many threads may use."""

    def __init__(self, address: Any, key: bytes, at_end: Callable[[], object]) -> None:
        """``at_end`` is called when the other process has ended."""
        self._connection: Connection = Client(address, authkey=key)
        self._lock = threading.Lock()
        self._tickets = itertools.count()
        self._waiting: dict[int, Future[list[Any]]] = {}
        self._at_end = at_end
        threading.Thread(target=self._read, daemon=True).start()

    def ask(self, service: str, items: Sequence[Any]) -> list[Any]:
        """The results of ``items``, in order. Raises what the service raised."""
        return [result for part in _in_parts(items) for result in self._asked(service, part)]

    def _asked(self, service: str, items: Sequence[Any]) -> list[Any]:
        found: Future[list[Any]] = Future()
        with self._lock:
            ticket = next(self._tickets)
            self._waiting[ticket] = found
            try:
                send(self._connection, (ticket, service, list(items)))
            except OSError:
                self._at_end()
                raise
        return found.result()

    def _read(self) -> None:
        try:
            while True:
                ticket, results = receive(self._connection)
                found = self._waiting.pop(ticket)
                if isinstance(results, Exception):
                    found.set_exception(results)
                else:
                    found.set_result(results)
        except (EOFError, OSError):
            self._at_end()


def _in_parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """``items`` as so many requests."""
    for first in range(0, len(items), _REQUEST_ITEMS):
        yield items[first : first + _REQUEST_ITEMS]


class RemoteDecoder:
    """A recogniser on the device; features are computed here, and hypotheses judged. See ``Decoder``."""

    def __init__(self, remote: Remote, number: int, about: AboutRecogniser) -> None:
        from faster_whisper.feature_extractor import FeatureExtractor
        from tokenizers import Tokenizer

        self._remote, self._number = remote, number
        self.is_multilingual = about.is_multilingual
        self._extractor = FeatureExtractor(feature_size=about.mels)
        self._tokenizer_of = cache(
            partial(tokenizer_of, Tokenizer.from_str(about.tokenizer), multilingual=about.is_multilingual)
        )

    def decode(self, tasks: Sequence[Task], decode_pass: Pass) -> list[Attempt]:
        """As ``Decoder.decode``."""
        service = f"decode {self._number} {_NAMES[decode_pass]}"
        return [
            judged(task, hypothesis, alignment, self._tokenizer_of(task.language), decode_pass)
            for some in _in_parts(tasks)
            for task, (hypothesis, alignment) in zip(
                some, self._remote.ask(service, [self.piece(task) for task in some]), strict=True
            )
        ]

    def languages(self, clips: Sequence[Samples]) -> list[Mapping[str, float]]:
        """As ``Decoder.languages``."""
        return self._remote.ask(f"languages {self._number}", [self._features(clip) for clip in clips])

    def piece(self, task: Task) -> Piece:
        """What the device has to know of a task."""
        return Piece(self._features(task.samples), task.language)

    def _features(self, clip: Samples) -> Floats:
        return np.asarray(self._extractor(clip)[:, :FULL_WINDOW], np.float32)


def _stacked(remote: Remote, service: str) -> Callable[[Any], Any]:
    """A function of many items, [n, ...], on the device."""
    return lambda items: np.stack(remote.ask(service, items))


def load_feeder(key: bytes, settings: Settings, address: str) -> Work:
    """Connects to the process at ``address``; returns the function that analyzes recordings with its help.

    Raises CallmoodError if it has ended.
    """
    from callmood.model.bundle import load_classifier
    from callmood.pipeline.speakers.finder import Finder
    from callmood.pipeline.transcribe.transcriber import Transcriber

    try:
        remote = Remote(address, key, at_end=partial(os._exit, 1))  # nothing could be finished here
    except (OSError, EOFError):
        raise CallmoodError(
            "The process on the GPU has ended, most likely because its memory ran out. What was scanned is stored; run "
            "the same command again to go on."
        ) from None
    (about,) = remote.ask(ABOUT, [None])
    decoder, *others = [RemoteDecoder(remote, number, one) for number, one in enumerate(about.recognisers)]
    classifier = load_classifier(settings.score.model, about.model_id)
    stages = Stages(
        Finder(
            settings.speakers,
            "cpu",
            segmentation=_stacked(remote, "speech"),
            speakers=_stacked(remote, "speakers"),
        ),
        Transcriber(decoder, settings.transcribe, *others),  # type: ignore[arg-type]
        replace(classifier, audio_encoder=_stacked(remote, "voices"), text_encoder=_stacked(remote, "words")),
        settings,
        encoders_to_keep(settings),
    )
    return partial(_feed, stages)


def _feed(stages: Stages, jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Several recordings at once, each on its own: the device makes batches of what they all need."""
    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        for done in as_completed(
            [threads.submit(lambda job: list(scan(stages, [job])), job) for job in jobs]
        ):
            yield from done.result()
