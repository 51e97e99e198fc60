"""The emotion labels, in the order of every score vector."""

from typing import Final

LABELS: Final = ("angry", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised")
"""The paper's seven classes and neutral, alphabetical. Scores are stored and returned in this order."""

UNCERTAIN: Final = "uncertain"
"""What a segment is called when the confidence of its best label is below the bundle's threshold."""

EVEN_TEMPERED: Final = ("calm", "neutral")
"""What most of a call sounds like: two names for even-tempered speech, which words can't tell apart."""

MOOD_WEIGHTS: Final = {
    "angry": -1.0,
    "calm": 0.2,
    "disgust": -0.8,
    "fearful": -0.6,
    "happy": 1.0,
    "neutral": 0.0,
    "sad": -0.6,
    "surprised": 0.0,
}
"""What each label weighs in a mood. The database has the same in its macro ``mood``, which says why."""
