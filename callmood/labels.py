"""The emotion labels, in the order of every score vector."""

from typing import Final

LABELS: Final = ("angry", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised")
"""The paper's seven classes and neutral, alphabetical. Scores are stored and returned in this order."""

UNCERTAIN: Final = "uncertain"
"""The label of a segment if the probability of its best label is below the bundle's threshold."""

NEUTRAL: Final = "neutral"
"""The label that is shown of even-tempered speech."""

EVEN_TEMPERED: Final = ("calm", NEUTRAL)
"""Two labels for even-tempered speech, which is most of a call. Words can't distinguish them."""

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
"""The weight of each label in a mood: the same as in the database's macro ``mood``, which explains them."""
