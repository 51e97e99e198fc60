"""The process that holds all models on one device, and answers those that decode and find speech on the CPU."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping, Sized
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from typing import Any, Final

import numpy as np

from callmood.arrays import Floats
from callmood.engine.messages import receive, send
from callmood.engine.parent import end_with_parent
from callmood.engine.pool import Pool, Service
from callmood.errors import CallmoodError
from callmood.model.networks.on_device import Network
from callmood.network import stay_offline
from callmood.pipeline.transcribe.decoder import (
    CAREFUL,
    FRAMES_PER_S,
    LAST,
    QUICK,
    Decoder,
    Pass,
    Task,
    window_frames,
)
from callmood.settings import Settings
from callmood.sound import SAMPLE_RATE
from callmood.threads import limit_threads

PASSES: Final = {"quick": QUICK, "careful": CAREFUL, "last": LAST}
ABOUT: Final = "about"
OCCUPANCY: Final = "occupancy"
"""Requests that are answered at once."""

STREAMS: Final = 2
"""Batches that run at once: words are found one after another, and much of a device has nothing to do meanwhile."""
_DECODE_S: Final = 640.0
"""Seconds of sound decoded at once, each piece padded to its window: 64 windows of 10 s."""
_ENCODE_S: Final = 480.0
_TEXTS: Final = 256.0
_SWITCH_S: Final = 1e-4
"""After which a thread that runs Python makes way for one that has an operation ready for the device."""
_FEEDERS: Final = 256
"""That may connect at the same moment."""


@dataclass(frozen=True, slots=True)
class Features:
    """A piece's log-mel features as the recogniser takes them, whole: half precision changes what it understands."""

    mel: Floats
    """[mels, frames]"""

    def __len__(self) -> int:
        return int(self.mel.shape[1])


@dataclass(frozen=True, slots=True)
class About:
    """What a feeder has to know of the models."""

    decoders: tuple[tuple[bool, int], ...]
    """Of each recogniser: whether it knows many languages, and its number of mel filters."""
    model_id: str
    """Of the emotion model."""


def serve(ready: Connection, key: bytes, settings: Settings, device: str) -> None:
    """The process: loads the models, sends its address or an error to ``ready``, and works until its parent ends."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stay_offline()
    limit_threads(STREAMS)
    sys.setswitchinterval(_SWITCH_S)
    try:
        services, about = load_services(settings, device)
    except Exception as error:
        known = isinstance(error, CallmoodError)
        ready.send(error if known else CallmoodError(f"The models could not be loaded on {device}: {error}"))
        return
    pool = Pool(services)
    with Listener(authkey=key, backlog=_FEEDERS) as listener:
        ready.send(listener.address)
        threading.Thread(target=_accept, args=(listener, pool, about), daemon=True).start()
        broken = threading.Event()
        for _ in range(STREAMS):
            threading.Thread(target=_run_batches, args=(pool, device, broken), daemon=True).start()
        broken.wait()  # its feeders end too, and the parent says so


def _run_batches(pool: Pool, device: str, broken: threading.Event) -> None:
    """Batch after batch in a stream of the device of its own, until it breaks."""
    try:
        with suppress(RuntimeError), _stream(device):
            while True:
                pool.run_batch()
    finally:
        broken.set()


def _stream(device: str) -> AbstractContextManager[object]:
    """In which what this thread has torch do runs beside what other threads have it do."""
    if not device.startswith("cuda"):
        return nullcontext()
    import torch

    return torch.cuda.stream(torch.cuda.Stream(device))  # type: ignore[no-untyped-call]


def _accept(listener: Listener, pool: Pool, about: About) -> None:
    while True:
        with suppress(OSError, EOFError, AuthenticationError):  # a feeder that died while it connected
            connection = listener.accept()
            threading.Thread(target=_listen, args=(connection, pool, about), daemon=True).start()


def _listen(connection: Connection, pool: Pool, about: About) -> None:
    """Passes a feeder's requests on, until it ends."""
    lock = threading.Lock()

    def answer(ticket: int, results: Any) -> None:
        with lock, suppress(OSError):  # the feeder has died
            send(connection, (ticket, results))

    with suppress(EOFError, OSError):
        while True:
            ticket, name, items = receive(connection)
            if name == ABOUT:
                answer(ticket, [about])
            elif name == OCCUPANCY:
                answer(ticket, [pool.occupancy])
            else:
                pool.put(name, items, partial(answer, ticket))


def load_services(settings: Settings, device: str) -> tuple[Mapping[str, Service], About]:
    """All models on ``device``, as services. Raises CallmoodError if one can't be loaded."""
    from callmood.model import load
    from callmood.model.networks.on_device import segmentation_network, speaker_network
    from callmood.pipeline.transcribe.recogniser import load_models
    from callmood.pipeline.transcribe.vocabulary import read_vocabulary

    vocabulary = settings.transcribe.vocabulary
    names = read_vocabulary(vocabulary) if vocabulary else ()
    scorer = load(settings.score.model, device)
    services = {
        "speech": Service(partial(_on_network, segmentation_network(device)), _clip_s, _DECODE_S),
        "speakers": Service(partial(_on_network, speaker_network(device)), _features_s, _ENCODE_S),
    }
    if scorer.audio_encoder is not None:
        services["voices"] = Service(scorer.audio_encoder, _clip_s, _ENCODE_S)
    if scorer.text_encoder is not None:
        services["words"] = Service(scorer.text_encoder, lambda _: 1.0, _TEXTS)
    abouts = []
    for number, model in enumerate(load_models(settings.transcribe, device)):
        abouts.append((bool(model.model.is_multilingual), model.model.n_mels))
        model.feature_extractor = lambda features: features.mel
        decoder = Decoder(model, batch_size=10_000, vocabulary=names)  # batches are made by their seconds
        for name, decode_pass in PASSES.items():
            services[f"decode {number} {name}"] = Service(
                partial(_decoded, decoder, decode_pass), partial(_task_s, decode_pass), _DECODE_S
            )
        services[f"languages {number}"] = Service(decoder.languages, _language_s, _DECODE_S)
    return services, About(tuple(abouts), scorer.id)


def _decoded(decoder: Decoder, decode_pass: Pass, tasks: list[Task]) -> list[Any]:
    return list(decoder.decode(tasks, decode_pass))


def _task_s(decode_pass: Pass, task: Task) -> float:
    return window_frames(task.frames, decode_pass) / FRAMES_PER_S


def _language_s(features: Sized) -> float:
    return window_frames(len(features), QUICK) / FRAMES_PER_S


def _features_s(features: Sized) -> float:
    return len(features) / FRAMES_PER_S


def _clip_s(clip: Floats) -> float:
    return len(clip) / SAMPLE_RATE


def _on_network(network: Network, items: list[Floats]) -> list[Any]:
    """Rows of any shapes: those of one shape go through the network at once."""
    of_shape: dict[tuple[int, ...], list[int]] = {}
    for number, item in enumerate(items):
        of_shape.setdefault(item.shape, []).append(number)
    found: dict[int, Floats] = {}
    for numbers in of_shape.values():
        found.update(zip(numbers, network(np.stack([items[number] for number in numbers])), strict=True))
    return [found[number] for number in range(len(items))]


def with_features(task: Task, features: Features) -> Task:
    """The task with features in place of its sound: what the decoders of a device take."""
    return replace(task, samples=features)  # type: ignore[arg-type]
