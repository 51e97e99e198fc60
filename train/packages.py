"""The packages that training needs and scanning does not: callmood's extra ``train``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from callmood.errors import CallmoodError

MODULES: Final = (
    "accelerate",
    "librosa",
    "lightgbm",
    "matplotlib",
    "noisereduce",
    "sklearn",
    "torchvision",
    "xgboost",
)
"""As they are imported."""


def require_training_packages() -> None:
    """Raises CallmoodError where one of ``MODULES`` is not installed. Nothing is imported."""
    if any(find_spec(name) is None for name in MODULES):
        raise CallmoodError("Training needs more packages: pip install 'callmood[train]'.")
