"""The speech recogniser: WhisperX's model, found on this machine, checked and loaded. Nothing is downloaded."""

from __future__ import annotations

import logging
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood import bundled_weights
from callmood.errors import CallmoodError
from callmood.settings import TranscribeSettings

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

TINY_EN: Final = "tiny.en"
_REQUIRED_FILES: Final = ("model.bin", "tokenizer.json", "config.json")


def load_model(settings: TranscribeSettings, device: str, threads: int) -> WhisperModel:
    """The model that ``settings.asr`` names, on ``device`` ("auto", "cpu", "cuda", "cuda:1", "mps").

    Raises CallmoodError if it is not on this machine, can't be loaded, or does not know the language.
    """
    if settings.asr.endswith(".en") and settings.language not in (None, "en"):
        raise _english_only(settings)
    folder = model_folder(settings.asr)
    kind, index = _ctranslate2_device(device)
    model_class = _model_class()
    try:
        model = model_class(
            str(folder),
            device=kind,
            device_index=index,
            compute_type="float16" if kind == "cuda" else "int8",
            cpu_threads=threads,
            local_files_only=True,
        )
    except Exception as error:
        raise CallmoodError(
            f"The transcription model in {folder} can't be loaded ({_one_line(error)}). "
            "It must be a Whisper model converted to CTranslate2, complete in one folder."
        ) from error
    _match_mel_filters(model)
    _check_language(model, settings)
    return model


def model_folder(name: str) -> Path:
    """The folder of a model: tiny.en, one given by its folder, or one that was downloaded before."""
    if name == TINY_EN:
        return bundled_weights.TINY_EN.path().parent
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _downloaded(name)
    missing = [file for file in _REQUIRED_FILES if not (folder / file).is_file()]
    if missing:
        raise CallmoodError(
            f"The folder {folder} is not a transcription model: {' and '.join(missing)} missing. "
            "Give the folder of a faster-whisper model, or use tiny.en, which comes with callmood."
        )
    return folder


def model_name(asr: str) -> str:
    """The name under which a recogniser is stored: the absolute path of a folder, or the model's name."""
    folder = Path(asr).expanduser()
    return str(folder.resolve()) if asr != TINY_EN and folder.is_dir() else asr


def _downloaded(name: str) -> Path:
    """The local copy of a hub's model. Raises CallmoodError if there is none."""
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
            f"The transcription model {name} is not on this machine, and callmood downloads nothing. "
            f"Run 'hf download {repository}' once, or give the folder of a copy."
        ) from None


def _ctranslate2_device(device: str) -> tuple[str, int]:
    """CTranslate2's device and its index. It does not support Metal, so Apple GPUs fall back to the CPU."""
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
    with warnings.catch_warnings():
        # pyannote's own audio decoding needs an installed FFmpeg; callmood decodes with PyAV
        warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly")
        from whisperx.asr import WhisperModel as WhisperModelX

    found: type[WhisperModel] = WhisperModelX
    return found


def _match_mel_filters(model: Any) -> None:
    """Use as many mel filters as the weights need, which some converted models state nowhere else."""
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
        f"The transcription model {settings.asr} does not know the language {language}. "
        "Use a two-letter code such as en."
    )


def _english_only(settings: TranscribeSettings) -> CallmoodError:
    return CallmoodError(
        f"The transcription model {settings.asr} knows English only, not {settings.language}. "
        "Choose a multilingual one such as large-v3-turbo, or leave out --language."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
