"""The emotion model: encoders and pooling, the scorer's arithmetic, the bundle on disk, and the networks they run."""

from callmood.model.bundle import load
from callmood.model.scorer import Encoded, Scorer

__all__ = ["Encoded", "Scorer", "load"]
