"""The speech recogniser: WhisperX's model, found on this machine, checked, loaded. Nothing is downloaded."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood import bundled_weights
from callmood.errors import CallmoodError
from callmood.settings import TranscribeSettings

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

TINY_EN: Final = "tiny.en"
_NEEDED: Final = ("model.bin", "tokenizer.json", "config.json")


def load_model(settings: TranscribeSettings, device: str, threads: int) -> WhisperModel:
    """The model that ``settings.asr`` names, on ``device`` ("auto", "cpu", "cuda", "cuda:1", "mps")."""
    if settings.asr.endswith(".en") and settings.language not in (None, "en"):
        raise _english_only(settings)
    folder = model_folder(settings.asr)
    place, index = _place(device)
    model_class = _model_class()
    try:
        model = model_class(
            str(folder),
            device=place,
            device_index=index,
            compute_type="float16" if place == "cuda" else "int8",
            cpu_threads=threads,
            local_files_only=True,
        )
    except Exception as error:
        raise CallmoodError(
            f"The transcription model in {folder} can't be loaded ({_one_line(error)}); "
            "it must be a Whisper model converted for CTranslate2, complete in one folder."
        ) from error
    _fit_features(model)
    _check_language(model, settings)
    return model


def model_folder(name: str) -> Path:
    """The folder of the model that a person named: tiny.en, a folder, or a name already downloaded."""
    if name == TINY_EN:
        return bundled_weights.TINY_EN.path().parent
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _downloaded(name)
    missing = [file for file in _NEEDED if not (folder / file).is_file()]
    if missing:
        raise CallmoodError(
            f"The folder {folder} is no transcription model: {' and '.join(missing)} missing; "
            "name the folder of a faster-whisper model, or use tiny.en, which comes with callmood."
        )
    return folder


def model_name(asr: str) -> str:
    """What to know a recogniser by that a person named: a folder by where it lies, another by its name."""
    folder = Path(asr).expanduser()
    return str(folder.resolve()) if asr != TINY_EN and folder.is_dir() else asr


def _downloaded(name: str) -> Path:
    """The local copy of a hub's model; says how to get it where there is none."""
    from faster_whisper.utils import _MODELS, download_model

    if name not in _MODELS and not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        raise CallmoodError(
            f"There is no transcription model {name}: it is neither a folder nor one of {', '.join(_MODELS)}."
        )
    try:
        return Path(download_model(name, local_files_only=True))
    except Exception:
        repository = _MODELS.get(name, name)
        raise CallmoodError(
            f"The transcription model {name} is not on this machine, and callmood downloads nothing; "
            f"run 'hf download {repository}' once, or name the folder of a copy."
        ) from None


def _place(device: str) -> tuple[str, int]:
    """CTranslate2's device and its number. It knows no Metal, so there the processor does the work."""
    kind, _, number = device.partition(":")
    if kind == "auto":
        import ctranslate2

        kind = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    return ("cuda", int(number or 0)) if kind == "cuda" else ("cpu", 0)


def _model_class() -> type[WhisperModel]:
    # WhisperX logs to standard output, unless its logger has a handler before the import
    whisperx_logger = logging.getLogger("whisperx")
    if not whisperx_logger.handlers:
        whisperx_logger.addHandler(logging.NullHandler())
        whisperx_logger.setLevel(logging.ERROR)
        whisperx_logger.propagate = False
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")
    from whisperx.asr import WhisperModel as WhisperModelX

    found: type[WhisperModel] = WhisperModelX
    return found


def _fit_features(model: Any) -> None:
    """As many mel filters as the weights want: some converted models say it nowhere else."""
    from faster_whisper.feature_extractor import FeatureExtractor

    if model.feature_extractor.mel_filters.shape[0] != model.model.n_mels:
        model.feature_extractor = FeatureExtractor(feature_size=model.model.n_mels)


def _check_language(model: Any, settings: TranscribeSettings) -> None:
    language = settings.language
    if language is None or language in model.supported_languages:
        return
    if not model.model.is_multilingual:
        raise _english_only(settings)
    raise CallmoodError(
        f"The transcription model {settings.asr} does not know the language {language}; "
        "use a two-letter code such as en."
    )


def _english_only(settings: TranscribeSettings) -> CallmoodError:
    return CallmoodError(
        f"The transcription model {settings.asr} knows English only, not {settings.language}; "
        "choose a multilingual one such as large-v3-turbo, or leave the language out."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
