"""The emotion model: encoders, pooling, the bundle on disk and the scorer it is loaded into."""

from callmood.model.bundle import Baseline, Encoded, Scorer, load

__all__ = ["Baseline", "Encoded", "Scorer", "load"]
