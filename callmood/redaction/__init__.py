"""Takes out of transcripts what identifies people or opens their accounts, and says when it is spoken.

``text.py`` is what others call; ``finders.py`` asks the modules that each find one kind: ``numbers.py`` (with
``digits.py`` for numbers that are spoken, and ``cues.py`` for what is said about them), ``emails.py`` (with
``domains.py``), ``dates.py``, ``addresses.py`` and ``names.py``. All work on the tokens of ``tokens.py``, of a whole
call: a card number goes on in the next segment, and the question for it stands in the one before.

Words of English are understood; written numbers and e-mail addresses are found in any language.
"""

from callmood.redaction.segments import muted, muted_words, redact_call, redact_segments
from callmood.redaction.text import LABELS, Redacted, Span, redact, redact_texts

__all__ = [
    "LABELS",
    "Redacted",
    "Span",
    "muted",
    "muted_words",
    "redact",
    "redact_call",
    "redact_segments",
    "redact_texts",
]
