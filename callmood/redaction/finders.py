"""All finders, in the order in which they take tokens from each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from callmood.redaction.accounts import find_ibans
from callmood.redaction.addresses import find_addresses
from callmood.redaction.cues import Cues
from callmood.redaction.dates import find_dates
from callmood.redaction.emails import find_emails
from callmood.redaction.names import find_names
from callmood.redaction.numbers import find_numbers
from callmood.redaction.tokens import Found, Token


def find_all(tokens: Sequence[Token], texts: Sequence[str]) -> list[Found]:
    """What is to be redacted among the tokens of ``texts``, by first token; nothing overlaps."""
    cues = Cues(tokens)
    taken: set[int] = set()
    found: list[Found] = []

    def take(finds: Iterable[Found]) -> None:
        for one in finds:
            if taken.isdisjoint(range(one.first, one.last + 1)):
                taken.update(range(one.first, one.last + 1))
                found.append(one)

    take(find_emails(tokens, cues))
    take(find_ibans(tokens, texts))
    take(find_dates(tokens, cues))
    take(find_addresses(tokens, texts, cues))
    take(list(find_numbers(tokens, cues, taken)))
    take(find_names(tokens, texts))
    return sorted(found)
