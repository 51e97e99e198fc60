"""What is let in of a pyannote pipeline's files: they name Python classes, and their weights are pickles.

A pipeline is a ``config.yaml`` and the models that it names. Only pyannote's own diarization and its own networks are
built, their weights are read as weights, and everything comes from this machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from callmood.errors import CallmoodError

CONFIG_FILE: Final = "config.yaml"
MODEL_FILE: Final = "pytorch_model.bin"
PLDA_FILES: Final = ("xvec_transform.npz", "plda.npz")

_PIPELINES: Final = (
    "pyannote.audio.pipelines.SpeakerDiarization",
    "pyannote.audio.pipelines.speaker_diarization.SpeakerDiarization",
)
_PARAMETERS: Final = {
    "clustering",
    "embedding_batch_size",
    "embedding_exclude_overlap",
    "legacy",
    "segmentation_batch_size",
    "segmentation_step",
}
"""Those of a pipeline's parameters that are numbers and names; the others are its models."""
_MODELS: Final = ("segmentation", "embedding")
_IGNORED: Final = {"token", "use_auth_token", "cache_dir", "der_variant"}
_NETWORKS: Final = {
    "PyanNet": "segmentation",
    "WeSpeakerResNet34": "embedding",
    "WeSpeakerResNet152": "embedding",
    "WeSpeakerResNet221": "embedding",
    "WeSpeakerResNet293": "embedding",
    "XVectorMFCC": "embedding",
    "XVectorSincNet": "embedding",
}
"""Networks that are built from numbers alone; pyannote's others fetch weights of their own."""
_KEPT: Final = ("pytorch-lightning_version", "epoch", "global_step", "state_dict", "hyper_parameters")
"""What Lightning reads of a checkpoint; ``pyannote.audio`` is what pyannote adds."""


def checked_config(name: str) -> dict[str, Any]:
    """The configuration of the pipeline ``name``, for ``Pipeline.from_pretrained``, with its models inside.

    ``name`` is a folder, a configuration file, or what ``hf download`` has fetched from a hub.
    Raises CallmoodError, also if anything in it is not known to be harmless.
    """
    import yaml

    file = _config_file(name)
    try:
        config = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CallmoodError(f"{file} can't be read: {error}") from None
    if not isinstance(config, dict) or not isinstance(config.get("pipeline"), dict):
        raise CallmoodError(f"{file} is not the configuration of a pipeline")
    unknown = set(config) - {"version", "dependencies", "pipeline", "params", "freeze"}
    if unknown:
        raise CallmoodError(f"{file} sets {min(map(str, unknown))}, which could run code")
    pipeline = config["pipeline"]
    if pipeline.get("name") not in _PIPELINES:
        raise CallmoodError(
            f"{file} names {pipeline.get('name')!r}, which is not pyannote's SpeakerDiarization"
        )
    return {
        **config,
        "pipeline": {"name": _PIPELINES[0], "params": _parameters(file, pipeline.get("params"))},
    }


def _config_file(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_dir():
        return path / CONFIG_FILE
    return path if path.is_file() else _downloaded(name, CONFIG_FILE)


def _parameters(file: Path, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not set(_MODELS) <= set(given):
        raise CallmoodError(f"{file} names no segmentation and no embedding")
    unknown = set(given) - _PARAMETERS - _IGNORED - {*_MODELS, "plda"}
    if unknown:
        raise CallmoodError(f"{file} sets {min(map(str, unknown))}, which callmood does not know")
    parameters: dict[str, Any] = {name: value for name, value in given.items() if name in _PARAMETERS}
    for name, value in parameters.items():
        if not isinstance(value, str | int | float):
            raise CallmoodError(f"{file} sets {name} to what is neither a number nor a name")
    for name in _MODELS:
        weights = weights_only(_located(file, given[name], MODEL_FILE), name)
        parameters[name] = {"checkpoint": weights, "strict": False}
    return {**parameters, "plda": _plda(file, given)}


def _plda(file: Path, given: Mapping[str, Any]) -> Any:
    """The model that one of the ways of clustering uses. pyannote fetches one from a hub if none is named."""
    if "plda" in given:
        return str(min(_located(file, given["plda"], name) for name in PLDA_FILES).parent)
    if given.get("clustering", "VBxClustering") == "VBxClustering":
        raise CallmoodError(f"{file} names no plda")
    from pyannote.audio.core.plda import PLDA

    return object.__new__(PLDA)  # never used


def _located(file: Path, named: Any, asset: str) -> Path:
    """The file ``asset`` of a model that a configuration names: beside it, in another folder, or downloaded before."""
    if isinstance(named, Mapping) and "checkpoint" in named:
        named = "/".join(
            [str(named["checkpoint"]), *([str(named["subfolder"])] if named.get("subfolder") else [])]
        )
    if not isinstance(named, str):
        raise CallmoodError(f"{file} names a model in a way that callmood does not know")
    inside = named.removeprefix("$model/")
    for path in (file.parent / inside, Path(inside)):
        if path.is_file():
            return path
        if (path / asset).is_file():
            return path / asset
    if named.startswith(("$model/", ".", "/", "~")):
        raise CallmoodError(f"{file.parent / inside / asset} is missing")
    owner, _, rest = named.partition("/")
    repository, _, subfolder = rest.partition("/")
    return _downloaded(f"{owner}/{repository}", f"{subfolder}/{asset}" if subfolder else asset)


def _downloaded(repository: str, asset: str) -> Path:
    """A file of a hub's repository as ``hf download`` has stored it. No hub is contacted."""
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, asset, local_files_only=True))
    except Exception:  # the hub's own errors, and ValueError for what is no name
        raise CallmoodError(
            f"{repository} is neither a folder nor on this machine, and callmood downloads nothing "
            f"(run 'hf download {repository}' once)"
        ) from None


def weights_only(path: Path, kind: str) -> BytesIO:
    """A checkpoint of a network of pyannote's, written anew with nothing but its weights and settings.

    pyannote unpickles checkpoints without a check, and calls the class that they name. Raises CallmoodError for a
    file that is not such a checkpoint or holds other objects.
    """
    import torch

    try:
        with torch.serialization.safe_globals(_harmless()):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        own = checkpoint["pyannote.audio"]
        module, name = (str(own["architecture"][key]) for key in ("module", "class"))
        kept = {key: checkpoint[key] for key in _KEPT if key in checkpoint}
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CallmoodError(
            f"{path} is not accepted: it must hold a network's weights only ({reason})"
        ) from None
    if _NETWORKS.get(name) != kind or not module.startswith(f"pyannote.audio.models.{kind}"):
        raise CallmoodError(f"{path} names {module}.{name}, which is no network of pyannote's for {kind}")
    clean = BytesIO()
    torch.save({**kept, "pyannote.audio": own}, clean)
    clean.seek(0)
    return clean


class _Unused:
    """Stands for classes of Lightning, which old checkpoints name, and of which nothing is kept."""


def _harmless() -> list[Any]:
    """The classes that published checkpoints hold besides tensors; none does anything when it is built."""
    from omegaconf.base import ContainerMetadata, Metadata
    from omegaconf.dictconfig import DictConfig
    from omegaconf.listconfig import ListConfig
    from omegaconf.nodes import AnyNode
    from pyannote.audio.core.model import Introspection
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from torch.torch_version import TorchVersion

    callbacks = "pytorch_lightning.callbacks"
    return [
        *(Any, dict, list, tuple, int, defaultdict, TorchVersion),
        *(AnyNode, ContainerMetadata, DictConfig, ListConfig, Metadata),
        *(Introspection, Problem, Resolution, Specifications),
        (_Unused, f"{callbacks}.early_stopping.EarlyStopping"),
        (_Unused, f"{callbacks}.model_checkpoint.ModelCheckpoint"),
    ]
