"""The process that holds all models on one device, and answers those that decode and find speech on the CPU."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping, Sized
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener
from queue import SimpleQueue
from typing import Any, Final

import numpy as np

from callmood.arrays import Floats
from callmood.engine.messages import receive, send
from callmood.engine.parent import end_with_parent
from callmood.engine.pool import Pool, Service
from callmood.errors import CallmoodError, first_line
from callmood.model.networks.on_device import Network
from callmood.network import stay_offline
from callmood.pipeline.transcribe.decoder import (
    CAREFUL,
    LAST,
    QUICK,
    Pass,
    languages_in,
    padded,
    window_frames,
)
from callmood.pipeline.transcribe.hypotheses import FRAMES_PER_S, Alignment, Hypothesis, Recogniser
from callmood.settings import Settings
from callmood.sound import SAMPLE_RATE
from callmood.threads import limit_threads

PASSES: Final = {"quick": QUICK, "careful": CAREFUL, "last": LAST}
ABOUT: Final = "about"
OCCUPANCY: Final = "occupancy"
"""Requests that are answered at once."""

STREAMS: Final = 4
"""Batches that run at once: words are found one after another, and much of a device has nothing to do meanwhile."""
_DECODE_S: Final = 640.0
"""Seconds of sound decoded at once, each piece padded to its window: 64 windows of 10 s."""
_ENCODE_S: Final = 480.0
_SPEAKERS_S: Final = 384.0
"""256 windows of 1.5 s: a power of two, to which batches of them are padded."""
_TEXTS: Final = 256.0
_SWITCH_S: Final = 1e-4
"""After which a thread that runs Python makes way for one that has an operation ready for the device."""
_FEEDERS: Final = 256
"""That may connect at the same moment."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a recogniser has to know of a task."""

    mel: Floats
    """Its log-mel features [mels, frames], whole: half precision changes what is understood."""
    language: str


@dataclass(frozen=True, slots=True)
class AboutRecogniser:
    """What makes pieces of tasks, and attempts of hypotheses."""

    is_multilingual: bool
    mels: int
    """The number of mel filters."""
    tokenizer: str
    """As Hugging Face's JSON."""


@dataclass(frozen=True, slots=True)
class About:
    """What a feeder has to know of the models."""

    recognisers: tuple[AboutRecogniser, ...]
    model_id: str
    """Of the emotion model."""


def serve(ready: Connection, address: str | None, key: bytes, settings: Settings, device: str) -> None:
    """The process: loads the models, and sends the address at which it listens, or an error, to ``ready``.

    ``address`` is that of a socket to be made, or None for any. It works until its parent ends; if a device breaks, it
    sends the error and ends.
    """
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
    with Listener(address, authkey=key, backlog=_FEEDERS) as listener:
        ready.send(listener.address)
        threading.Thread(target=_accept, args=(listener, pool, about), daemon=True).start()
        broken: SimpleQueue[Exception] = SimpleQueue()
        for _ in range(STREAMS):
            threading.Thread(target=_run_batches, args=(pool, device, broken), daemon=True).start()
        cause = broken.get()
        ready.send(
            CallmoodError(
                f"The models stopped working on {device}: {first_line(cause)}. What was scanned is stored; run the "
                "same command again to go on."
            )
        )
        os._exit(1)  # other threads may be in the middle of what never ends; its feeders end too


def _run_batches(pool: Pool, device: str, broken: SimpleQueue[Exception]) -> None:
    """Batch after batch in a stream of the device of its own, until it breaks."""
    try:
        with _stream(device):
            while True:
                pool.run_batch()
    except Exception as error:
        broken.put(error)


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
    from callmood.model.networks.on_device import any_speaker_network, segmentation_network
    from callmood.pipeline.transcribe.recogniser import load_models
    from callmood.pipeline.transcribe.vocabulary import read_vocabulary

    vocabulary = settings.transcribe.vocabulary
    names = read_vocabulary(vocabulary) if vocabulary else ()
    scorer = load(settings.score.model, device)
    services = {
        "speech": Service(partial(_on_network, segmentation_network(device)), _clip_s, _DECODE_S),
        "speakers": Service(any_speaker_network(device), _features_s, _SPEAKERS_S),
    }
    if scorer.audio_encoder is not None:
        services["voices"] = Service(scorer.audio_encoder, _clip_s, _ENCODE_S)
    if scorer.text_encoder is not None:
        services["words"] = Service(scorer.text_encoder, lambda _: 1.0, _TEXTS)
    abouts = []
    for number, model in enumerate(load_models(settings.transcribe, device)):
        recogniser = Recogniser(model, names)
        for name, decode_pass in PASSES.items():
            services[f"decode {number} {name}"] = Service(
                partial(_recognised, recogniser, decode_pass),
                partial(_piece_s, decode_pass),
                _DECODE_S,
            )
        services[f"languages {number}"] = Service(
            partial(languages_in, recogniser), partial(_padded_s, QUICK), _DECODE_S
        )
        abouts.append(
            AboutRecogniser(recogniser.is_multilingual, recogniser.mels, recogniser.tokenizer_file())
        )
    return services, About(tuple(abouts), scorer.id)


def _recognised(
    recogniser: Recogniser, decode_pass: Pass, pieces: list[Piece]
) -> list[tuple[Hypothesis, Alignment]]:
    """What the recogniser takes pieces to say, and where. All are aligned: whoever asks rejects some of them."""

    def kind(i: int) -> tuple[int, str]:
        return window_frames(pieces[i].mel.shape[1], decode_pass), pieces[i].language

    found: dict[int, tuple[Hypothesis, Alignment]] = {}
    for (window, language), alike in groupby(sorted(range(len(pieces)), key=kind), key=kind):
        batch = list(alike)
        mels = [pieces[i].mel for i in batch]
        frames = [mel.shape[1] for mel in mels]
        encoded = recogniser.encode(padded(mels, window))
        hypotheses = recogniser.hypotheses(encoded, language, decode_pass.beam, frames)
        alignments = recogniser.align(encoded, language, [one.tokens for one in hypotheses], frames)
        found.update(zip(batch, zip(hypotheses, alignments, strict=True), strict=True))
    return [found[i] for i in range(len(pieces))]


def _piece_s(decode_pass: Pass, piece: Piece) -> float:
    return _padded_s(decode_pass, piece.mel)


def _padded_s(decode_pass: Pass, mel: Floats) -> float:
    return window_frames(mel.shape[1], decode_pass) / FRAMES_PER_S


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
