"""The encoders of a scan on a CPU: those that come with callmood, and what bundles changed of them, as ``Graph``.

Each clip and each text is computed by itself, so that no padding is, and nothing depends on what else there is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from callmood.arrays import Floats
from callmood.model.encode import CAMPLUS, TINY_EN, AudioSettings, TextSettings
from callmood.model.networks.features import FULL_SCALE, fbank, log_mel
from callmood.model.networks.graphs import load_graph
from callmood.model.networks.minilm import tokenizer
from callmood.threads import in_threads

if TYPE_CHECKING:
    from callmood.model.encode import AudioEncoder, TextEncoder


def audio_encoder(settings: AudioSettings, changes: Sequence[Mapping[str, Floats]]) -> AudioEncoder:
    """``settings`` name only encoders that come with callmood; ``changes`` are to their weights, in the same order."""
    made: Mapping[str, Callable[[Mapping[str, Floats]], Callable[[Floats], Floats]]] = {
        CAMPLUS: _campplus,
        TINY_EN: partial(_whisper, settings),
    }
    encoders = [made[name](of_one) for name, of_one in zip(settings.encoders, changes, strict=True)]

    def vector(window: Floats) -> Floats:
        return np.concatenate([encoder(window) for encoder in encoders])

    return partial(_longest_first, vector)


def _longest_first(vector: Callable[[Floats], Floats], windows: Sequence[Floats]) -> list[Floats]:
    """The vector of each window. With the longest ones first all threads end together."""
    order = sorted(range(len(windows)), key=lambda i: -len(windows[i]))
    vectors = dict(zip(order, in_threads(vector, [windows[i] for i in order]), strict=True))
    return [vectors[i] for i in range(len(windows))]


def text_encoder(settings: TextSettings, changes: Mapping[str, Floats]) -> TextEncoder:
    """MiniLM with ``changes`` to its weights."""
    network, tokens = load_graph("minilm", changes), tokenizer(settings.max_tokens)

    def vector(text: str) -> Floats:
        (hidden,) = network(ids=np.array([tokens.encode(text).ids]))
        parts = [hidden[0].mean(axis=0)]
        if settings.pooling == "mean-max":
            parts.append(hidden[0].max(axis=0))
        return np.concatenate(parts)

    return lambda texts: np.stack(in_threads(vector, texts))


def _campplus(changes: Mapping[str, Floats]) -> Callable[[Floats], Floats]:
    network = load_graph("campplus", changes)

    def vector(window: Floats) -> Floats:
        (vectors,) = network(features=fbank(window * np.float32(FULL_SCALE))[None])
        return np.asarray(vectors[0])

    return vector


def _whisper(settings: AudioSettings, changes: Mapping[str, Floats]) -> Callable[[Floats], Floats]:
    network = load_graph("whisper_encoder", changes)
    layers = slice(None) if settings.layers == "all" else slice(-1, None)

    def vector(window: Floats) -> Floats:
        means, deviations = network(mel=log_mel(window)[None])
        kinds = [means, deviations] if settings.pooling == "mean-std" else [means]
        return np.concatenate([of_layers[layers].ravel() for of_layers in kinds])

    return vector
