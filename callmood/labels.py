"""The emotion labels, in the order of every score vector."""

from typing import Final

LABELS: Final = ("angry", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised")
"""The paper's seven classes and neutral, alphabetical. Scores are stored and returned in this order."""

UNCERTAIN: Final = "uncertain"
"""What a segment is called when the confidence of its best label is below the bundle's threshold."""

EVEN_TEMPERED: Final = ("calm", "neutral")
"""What most of a call sounds like: two names for even-tempered speech, which words can't tell apart."""
