"""Word times by forced alignment: WhisperX's, with a network that hears characters (wav2vec 2.0).

The times of the decoder's attention are rough; here the characters of a segment's words are laid over what the network
hears in each 20 ms of it. It imports torch and transformers and costs more than the transcription, so it is done where
it is asked for. WhisperX's functions for whole transcripts are not used: they split sentences with NLTK, which fetches
data, and log what was said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from callmood.call import Word
from callmood.errors import CallmoodError
from callmood.languages import language_name
from callmood.pipeline.transcribe.folders import may_be_of_a_hub, model_files
from callmood.pipeline.transcribe.word_times import MAX_WORD_S, in_order
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE, Samples

_REQUIRED_FILES: Final = ("config.json", "vocab.json")
_SETTINGS_FILES: Final = (
    "config.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
    "processor_config.json",
)
_BETWEEN_WORDS: Final = "|"
_BLANKS: Final = ("<pad>", "[pad]")
_SHORTEST: Final = 400
"""The samples that a network needs for its first frame."""


@dataclass(frozen=True, slots=True)
class AlignmentModel:
    """A network that hears characters, on its device."""

    network: Any
    device: str
    codes: Mapping[str, int]
    """The number of each character, in lower case."""
    separates_words: bool
    """Whether it hears where a word ends."""

    @property
    def blank(self) -> int:
        """The number of no new character."""
        return next((self.codes[name] for name in _BLANKS if name in self.codes), 0)


class Aligner:
    """Gives words the times at which their characters are heard, in each language with that language's network."""

    def __init__(self, named: str | None, device: str) -> None:
        """``named``: a network for all languages, in place of the one that WhisperX names for each."""
        self._named = named
        self._device = device
        self._models: dict[str, AlignmentModel | CallmoodError] = {}

    def require(self, language: str) -> None:
        """Raises CallmoodError if there is no network for a language."""
        found = self._model(language)
        if isinstance(found, CallmoodError):
            raise found

    def why_not(self, language: str) -> str | None:
        """A sentence on why words of a language are not aligned; None if they are."""
        found = self._model(language)
        return f"The words have rough times. {found}" if isinstance(found, CallmoodError) else None

    def __call__(
        self, samples: Samples, words: Sequence[Word], start_s: float, language: str
    ) -> tuple[Word, ...]:
        """The words of a segment, whose sound is ``samples`` [n] at 16 kHz, with new times.

        ``start_s`` is when it begins, in the time of the words. Words without a letter that the network knows, such as
        numbers in digits, keep their times, as far as those of their neighbours leave room; so do all where nothing can
        be aligned. Words keep their order, and lie within the segment.
        """
        model = self._model(language)
        if isinstance(model, CallmoodError) or not words or len(samples) < _SHORTEST:
            return tuple(words)
        heard = _times(model, samples, words)
        if not heard:
            return tuple(words)
        end_s = start_s + len(samples) / SAMPLE_RATE
        aligned = {number: (start_s + from_s, start_s + to_s) for number, (from_s, to_s) in heard.items()}
        times = [
            aligned[number] if number in aligned else _between(word, number, aligned, (start_s, end_s))
            for number, word in enumerate(words)
        ]
        starts, ends = in_order([start for start, _ in times], [end for _, end in times], start_s, end_s)
        return tuple(
            replace(word, start_s=start, end_s=min(end, start + MAX_WORD_S))
            for word, start, end in zip(words, starts, ends, strict=True)
        )

    def _model(self, language: str) -> AlignmentModel | CallmoodError:
        of = "" if self._named else language
        if of not in self._models:
            try:
                self._models[of] = load_model(self._named or _default_name(language), self._device)
            except CallmoodError as error:
                self._models[of] = error
        return self._models[of]


def load_aligner(settings: TranscribeSettings, device: str, language: str | None) -> Aligner | None:
    """What aligns words as the settings ask for; None if they don't.

    ``language``: of all calls; None if it is found in each. Raises CallmoodError if there is no network for it.
    """
    if not settings.aligns:
        return None
    aligner = Aligner(settings.align_model, device)
    if language is not None or settings.align_model is not None:
        aligner.require(language or "")
    return aligner


def load_model(name: str, device: str) -> AlignmentModel:
    """A network from a folder, the local copy of a hub's, or one of torchaudio's. Nothing is downloaded.

    Raises CallmoodError if it is not on this machine or can't be loaded.
    """
    from whisperx.alignment import load_align_model

    source = _found(name)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            network, about = load_align_model("", device, model_name=source, model_cache_only=True)
    except Exception as error:
        why = " ".join(str(error.__context__ or error).split()).rstrip(".")
        raise CallmoodError(
            f"The alignment model {name} can't be loaded ({why}). It must be a wav2vec 2.0 network that hears "
            "characters (Wav2Vec2ForCTC), complete in one folder."
        ) from None
    codes = about["dictionary"]
    return AlignmentModel(network.eval(), device, codes, _BETWEEN_WORDS in codes)


def check_model(name: str) -> None:
    """Raises CallmoodError if a network that was named is not on this machine, as far as can be told without torch."""
    if not _is_torchaudios(name):
        _folder(name)


def _default_name(language: str) -> str:
    """The name of WhisperX's network for a language. Raises CallmoodError if it names none."""
    from whisperx.alignment import DEFAULT_ALIGN_MODELS_HF, DEFAULT_ALIGN_MODELS_TORCH

    name = DEFAULT_ALIGN_MODELS_TORCH.get(language) or DEFAULT_ALIGN_MODELS_HF.get(language)
    if name is None:
        raise CallmoodError(
            f"WhisperX names no alignment model for {language_name(language)}. Give one with --align-model, or leave "
            "out --align."
        )
    return str(name)


def _is_torchaudios(name: str) -> bool:
    return re.fullmatch(r"[A-Z0-9_]+", name) is not None and not Path(name).is_dir()


def _found(name: str) -> str:
    """What WhisperX takes for a network that is on this machine: a folder, or torchaudio's name."""
    return _torchaudios(name) if _is_torchaudios(name) else str(_folder(name))


def _torchaudios(name: str) -> str:
    import torch
    import torchaudio

    bundle = getattr(torchaudio.pipelines, name, None)
    if not isinstance(bundle, torchaudio.pipelines.Wav2Vec2ASRBundle):
        raise CallmoodError(
            f"There is no alignment model {name}: it is neither a folder nor one of torchaudio's."
        )
    if not (Path(torch.hub.get_dir()) / "checkpoints" / Path(bundle._path).name).is_file():
        raise CallmoodError(
            f"The alignment model {name} is not on this machine, and callmood downloads nothing. Run "
            f"'python -c \"import torchaudio; torchaudio.pipelines.{name}.get_model()\"' once, or give the folder of "
            "another with --align-model."
        )
    return name


def _folder(name: str) -> Path:
    folder = model_files(
        name,
        "an alignment model",
        _REQUIRED_FILES,
        "Give the folder of a wav2vec 2.0 network that hears characters.",
        _downloaded,
    )
    for file in _SETTINGS_FILES:
        if (folder / file).is_file() and b'"auto_map"' in (folder / file).read_bytes():
            raise CallmoodError(
                f"{folder / file} names code to run, which callmood does not do. Use another model."
            )
    return folder


def _downloaded(repository: str) -> Path:
    """The local copy of a hub's model. Raises CallmoodError if there is none."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, local_files_only=True))
    except Exception:  # the hub's own errors, and ValueError for what is no name
        if not may_be_of_a_hub(repository):
            raise CallmoodError(
                f"There is no alignment model {repository}: it is neither a folder nor the name of a hub's."
            ) from None
        raise CallmoodError(
            f"The alignment model {repository} is not on this machine, and callmood downloads nothing. "
            f"Run 'hf download {repository}' once, or give the folder of a copy with --align-model."
        ) from None


def _times(model: AlignmentModel, samples: Samples, words: Sequence[Word]) -> dict[int, tuple[float, float]]:
    """When words are heard, in seconds of ``samples``, by their number; none of words without a known letter."""
    from whisperx.alignment import backtrack, get_trellis, merge_repeats

    characters, owners = _characters(model, words)
    known = {
        owner for character, owner in zip(characters, owners, strict=True) if character in model.codes
    } - {-1}
    emission = _emission(model, samples)
    if not known or len(characters) > len(emission):
        return {}
    tokens = [model.codes.get(character, emission.shape[1] - 1) for character in characters]
    path = backtrack(get_trellis(emission, tokens, model.blank), emission, tokens, model.blank)
    if path is None:
        return {}
    frame_s = len(samples) / SAMPLE_RATE / len(emission)
    found: dict[int, tuple[float, float]] = {}
    for one, owner in zip(merge_repeats(path, characters), owners, strict=True):
        if owner in known:
            start_s, _ = found.get(owner, (one.start * frame_s, 0.0))
            found[owner] = (start_s, one.end * frame_s)
    return found


def _characters(model: AlignmentModel, words: Sequence[Word]) -> tuple[list[str], list[int]]:
    """The characters to align, and for each the number of its word; -1 between words.

    Punctuation is not heard. Any other character that the network does not know stands for some sound.
    """
    characters: list[str] = []
    owners: list[int] = []
    for number, word in enumerate(words):
        own = [one for one in word.text.lower() if one in model.codes or one.isalnum()]
        own = [one for one in own if one != _BETWEEN_WORDS]
        if own and characters and model.separates_words:
            characters.append(_BETWEEN_WORDS)
            owners.append(-1)
        characters += own
        owners += [number] * len(own)
    return characters, owners


def _emission(model: AlignmentModel, samples: Samples) -> Any:
    """How likely each character is in each frame: log probabilities, [frames, characters + 1], as a tensor.

    The last column is that of any character: the likeliest one's.
    """
    import torch

    sound = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))[None].to(model.device)
    with torch.inference_mode():
        output = model.network(sound)
        logits = output.logits if hasattr(output, "logits") else output[0]
        heard = torch.log_softmax(logits[0].float(), dim=-1).cpu()
    others = torch.ones(heard.shape[1], dtype=torch.bool)
    others[model.blank] = False
    return torch.cat([heard, heard[:, others].max(dim=1, keepdim=True).values], dim=1)


def _between(
    word: Word, number: int, aligned: Mapping[int, tuple[float, float]], whole: tuple[float, float]
) -> tuple[float, float]:
    """The times of a word that is not aligned, without what belongs to its nearest neighbours that are."""
    before = max((one for one in aligned if one < number), default=None)
    after = min((one for one in aligned if one > number), default=None)
    from_s = whole[0] if before is None else aligned[before][1]
    to_s = whole[1] if after is None else aligned[after][0]
    return min(max(word.start_s, from_s), to_s), max(min(word.end_s, to_s), from_s)
