"""The two encoders: clips -> audio vectors, texts -> text vectors.

Each is a network and a way of pooling its hidden states into one vector. The classifier after them is linear in the
two vectors side by side (see ``scorer``), so that either side may be missing. Here they are torch modules, for
training, for GPUs and for encoders of the user's; ``graph_encoders`` has callmood's own on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from callmood import bundled_weights
from callmood.arrays import Floats
from callmood.errors import CallmoodError, first_line
from callmood.model import pooling
from callmood.model.loudness import SHORTEST, prepared
from callmood.model.networks.mel import is_within, log_mel
from callmood.model.networks.whisper import tiny_en, whisper_hidden
from callmood.sound import SAMPLE_RATE

if TYPE_CHECKING:
    import torch


TINY_EN: Final = "tiny.en"
CAMPLUS: Final = "cam++"
OWN: Final = frozenset({TINY_EN, CAMPLUS})
"""The acoustic encoders that come with callmood."""
MINILM: Final = "minilm"
WINDOW_S: Final = 15.0
"""Longer clips are encoded in windows of at most this length."""
BATCH_S: Final = 240.0
"""Seconds of sound in a batch, padding included, on a GPU."""
CPU_BATCH_S: Final = 30.0
"""The same on a CPU, which gains little by a batch and loses by the padding."""
BATCH_TOKENS: Final = 4096
_TIME_STEP: Final = 2 * SAMPLE_RATE


AudioEncoder: TypeAlias = Callable[[Sequence[Floats]], Sequence[Floats]]
"""Prepared clips (see ``loudness``), float32 [time] at 16 kHz, ``WINDOW_S`` at most -> a vector [width] of each."""
TextEncoder: TypeAlias = Callable[[Sequence[str]], Floats]
"""Texts -> a vector of each: [n, width]."""


@dataclass(frozen=True, slots=True)
class AudioSettings:
    encoders: tuple[str, ...] = (TINY_EN,)
    """Each one is ``tiny.en``, ``cam++``, or a HuBERT, wav2vec 2.0, WavLM or Whisper (see ``pretrained``).

    A clip's vector is the concatenation of all of theirs.
    """
    layers: Literal["all", "last"] = "all"
    pooling: Literal["mean", "mean-std"] = "mean-std"
    """How hidden states are pooled over time; ``cam++`` has its own way."""


@dataclass(frozen=True, slots=True)
class TextSettings:
    encoder: str = MINILM
    """``minilm``, or a BERT-like encoder (see ``pretrained``)."""
    pooling: Literal["mean", "mean-max"] = "mean-max"
    max_tokens: int = 64


def pick_device(name: str = "auto") -> str:
    """ "auto" is cuda if available, else Apple's mps, else the CPU."""
    if name != "auto":
        return name
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def load_audio_encoder(name: str) -> Any:
    """The acoustic encoder called ``name`` (see AudioSettings), in evaluation mode."""
    if name == TINY_EN:
        return tiny_en()
    if name == CAMPLUS:
        from callmood.model.networks.campplus import emotion_encoder

        return emotion_encoder()
    from transformers import AutoConfig, AutoModel

    if pretrained(AutoConfig, name).architectures == ["WhisperEncoder"]:  # saved without its decoder
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        return pretrained(WhisperEncoder, name).eval()
    model = pretrained(AutoModel, name)
    if model.config.model_type == "whisper":
        return model.encoder.eval()
    if model.config.model_type not in {"hubert", "wav2vec2", "wavlm"}:
        raise CallmoodError(
            f"{name} is a {model.config.model_type}. Audio encoders are hubert, wav2vec2, wavlm and whisper."
        )
    return model.eval()


def load_text_encoder(name: str, **arguments: Any) -> tuple[Any, Any]:
    """The text encoder called ``name`` (see TextSettings), in evaluation mode, and its tokenizer.

    ``arguments`` are those of transformers' ``from_pretrained``.
    """
    from transformers import AutoModel, AutoTokenizer

    folder = str(bundled_weights.MINILM.path().parent) if name == MINILM else name
    if name == MINILM:
        arguments["add_pooling_layer"] = False
    model = pretrained(AutoModel, folder, **arguments)
    return model.eval(), pretrained(AutoTokenizer, folder)


def pretrained(kind: Any, name: str, **arguments: Any) -> Any:
    """What ``kind.from_pretrained`` loads from a folder, or what ``hf download`` has fetched from a hub.

    No hub is contacted and no code beside the weights is run, because ``name`` may be what a stranger's model says.
    The libraries' log messages are suppressed. Raises CallmoodError if it can't be loaded.
    """
    from huggingface_hub.utils import logging as hub
    from transformers import utils

    loggers: tuple[Any, ...] = (utils.logging, hub)
    verbosities = [logging.get_verbosity() for logging in loggers]
    for logging in loggers:
        logging.set_verbosity_error()
    try:
        return kind.from_pretrained(name, local_files_only=True, trust_remote_code=False, **arguments)
    except Exception as error:  # a damaged or hostile folder makes them raise almost anything
        if Path(name).exists():
            raise CallmoodError(f"The encoder {name} can't be loaded: {first_line(error)}") from None
        raise CallmoodError(
            f"The encoder {name} is neither a folder nor on this machine, and callmood downloads nothing. "
            f"Run 'hf download {name}' once, or give the folder of a copy."
        ) from None
    finally:
        for logging, verbosity in zip(loggers, verbosities, strict=True):
            logging.set_verbosity(verbosity)


def audio_vectors(encoders: Sequence[Any], settings: AudioSettings, clips: Sequence[Floats]) -> Floats:
    """One vector per clip: [n, width]. Clips are float32 [time] at 16 kHz, of any lengths."""
    return by_windows(audio_encoder(encoders, settings), clips)


def by_windows(encode: AudioEncoder, clips: Sequence[Floats]) -> Floats:
    """The vectors [n, width] of clips of any lengths: they are prepared, and a clip's windows averaged by length."""
    windows = [(i, part) for i, clip in enumerate(clips) for part in _windows(prepared(clip))]
    vectors = encode([part for _, part in windows])
    width = len(vectors[0]) if windows else 0
    sums, weights = np.zeros((len(clips), width), np.float32), np.zeros(len(clips), np.float32)
    for (i, part), vector in zip(windows, vectors, strict=True):
        sums[i] += np.float32(len(part)) * vector
        weights[i] += len(part)
    return np.asarray(sums / np.maximum(weights, 1)[:, None], dtype=np.float32)


def round_weights(encoder: Any) -> None:
    """Rounds the weights to bfloat16 that a GPU's batches take so, once instead of in each batch."""
    import torch
    from torch import nn

    for module in encoder.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            module.to(torch.bfloat16)


def audio_encoder(encoders: Sequence[Any], settings: AudioSettings) -> AudioEncoder:
    """Torch modules as one encoder, which makes batches of similar lengths; on a GPU in bfloat16."""
    import torch

    device = next(encoders[0].parameters()).device
    on_cpu, on_gpu = device.type == "cpu", device.type == "cuda"
    batch_size = int((CPU_BATCH_S if on_cpu else BATCH_S) * SAMPLE_RATE)

    def pool(samples: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=on_gpu):
            return pool_audio(encoders, settings, samples, lengths).float()

    def encode(windows: Sequence[Floats]) -> list[Floats]:
        vectors: dict[int, Floats] = {}
        sizes = [len(window) if on_cpu else _rounded_up(len(window)) for window in windows]
        for rows in length_batches(sizes, batch_size):
            shape = None if on_cpu else (_share_of(batch_size // sizes[rows[0]], len(rows)), sizes[rows[0]])
            samples, lengths = padded([windows[row] for row in rows], shape)
            pooled = pool(samples.to(device), lengths.to(device))
            vectors.update(zip(rows, pooled[: len(rows)].cpu().numpy(), strict=True))
        return [vectors[row] for row in range(len(windows))]

    return encode


def pool_audio(
    encoders: Sequence[Any], settings: AudioSettings, samples: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    """Vectors [n, width] of prepared clips, float32 [n, time], zero after their ``lengths`` [n]. Differentiable."""
    import torch

    parts = []
    for name, encoder in zip(settings.encoders, encoders, strict=True):
        if name == CAMPLUS:
            from callmood.model.networks.campplus import pooled_layers

            parts.append(pooled_layers(encoder, samples, lengths))
            continue
        if encoder.config.model_type == "whisper":
            mel, frames = log_mel(samples, lengths, encoder.config.num_mel_bins)
            hidden, mask = whisper_hidden(encoder, mel, frames)
        else:
            hidden, mask = _waveform_hidden(encoder, samples, lengths)
        parts.append(
            pooling.AUDIO[settings.pooling](hidden if settings.layers == "all" else hidden[-1:], mask)
        )
    return torch.cat(parts, dim=1)


def _waveform_hidden(
    encoder: Any, samples: torch.Tensor, lengths: torch.Tensor
) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Hidden states and mask of HuBERT and its relatives, which take the waveform itself.

    Encoders whose convolutions normalise over the whole input (the base ones) were trained on zero-padded clips
    without a mask, and must be run so.
    """

    inside = is_within(lengths, samples.shape[1])
    count = lengths[:, None]
    mean = samples.sum(1, keepdim=True) / count
    spread = (((samples - mean).square() * inside).sum(1, keepdim=True) / count + 1e-7).sqrt()
    masked = encoder.config.feat_extract_norm == "layer"
    states = encoder(
        (samples - mean) / spread * inside,
        attention_mask=inside.long() if masked else None,
        output_hidden_states=True,
    ).hidden_states
    frames = encoder._get_feat_extract_output_lengths(lengths)
    mask = is_within(frames, states[-1].shape[1])
    return list(states), mask


def text_vectors(
    encoder: torch.nn.Module, tokenizer: Any, settings: TextSettings, texts: Sequence[str]
) -> Floats:
    """One vector per text: [n, width]."""
    import torch

    device = next(encoder.parameters()).device
    ids = tokenizer(list(texts), truncation=True, max_length=settings.max_tokens)["input_ids"]
    vectors: dict[int, Floats] = {}
    for rows in length_batches([len(tokens) for tokens in ids], BATCH_TOKENS):
        batch = tokenizer(
            [texts[row] for row in rows],
            truncation=True,
            max_length=settings.max_tokens,
            padding=True,
            return_tensors="pt",
        ).to(device)
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            pooled = pool_text(encoder, settings, batch["input_ids"], batch["attention_mask"])
        vectors.update(zip(rows, pooled.float().cpu().numpy(), strict=True))
    return np.stack([vectors[row] for row in range(len(texts))])


def pool_text(
    encoder: torch.nn.Module, settings: TextSettings, input_ids: torch.Tensor, attention_mask: torch.Tensor
) -> torch.Tensor:
    """Vectors [n, width] of token ids and their mask, both [n, tokens]. Differentiable."""
    hidden = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    return pooling.TEXT[settings.pooling](hidden, attention_mask.bool())


def length_batches(lengths: Sequence[int], max_size: float) -> Iterator[list[int]]:
    """Indices in batches of similar lengths, longest first; padded, a batch is at most ``max_size`` or one item."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > max_size:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def padded(
    clips: Sequence[Floats], shape: tuple[int, int] | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips as float32 [n, time], zeros after each one's end, and their lengths [n].

    ``shape``: of a larger result, in which silent clips follow; None: as large as they need.
    """
    import torch

    rows, time = shape or (len(clips), max(map(len, clips)))
    lengths = torch.tensor([len(clip) for clip in clips] + [SHORTEST] * (rows - len(clips)))
    samples = np.zeros((rows, time), np.float32)
    for row, clip in enumerate(clips):
        samples[row, : len(clip)] = clip
    return torch.from_numpy(samples), lengths


def _rounded_up(samples: int) -> int:
    """The length to which a clip is padded on a GPU, which takes long to plan the work on a shape that is new."""
    return -(-samples // _TIME_STEP) * _TIME_STEP


def _share_of(full: int, rows: int) -> int:
    """A full batch's rows, or a half of them, a quarter and so on: the least that ``rows`` fit in."""
    while full // 2 >= rows:
        full //= 2
    return max(full, rows)


def _windows(clip: Floats) -> list[Floats]:
    """``clip`` in equal parts of at most ``WINDOW_S``."""
    return np.array_split(clip, max(1, -(-len(clip) // int(WINDOW_S * SAMPLE_RATE))))
