"""What the folders of a recording say: whose calls are in them.

Most folders are named for something else than an agent (a place, a shift, a program, a customer), so a folder counts
as one only if its name is a person's, or if it lies in a folder of agents.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

from callmood.call import CallFacts
from callmood.first_names import is_first_name

_NUMBERED_AGENT: Final = re.compile(r"(?:agent|operator|employee|user|ext)[ _.-]?\d+", re.IGNORECASE)
_DATE: Final = re.compile(r"(?:19|20)\d\d(?:[-_.]?\d\d){0,2}")
_WORD: Final = r"[^\W\d_]+(?:['’][^\W\d_]+)?"
_NUMBERED: Final = re.compile(
    r"(?:(?!(?:19|20)\d\d\b)\d{3,5} ?[-_ ] ?)?(?P<name>[^\d()]+?)(?: ?\((?!19|20)\d{2,5}\))?"
)
"""A name with the number of an extension: "Anna Smith (101)", "101 - Anna Smith"."""
_NAME: Final = re.compile(rf"{_WORD}(?:[ _.-]+{_WORD}){{0,2}}\.?|{_WORD}, ?{_WORD}(?: {_WORD})?")
"""One to three words of letters, also "Coles, Zoe"."""
_DOMAIN: Final = re.compile(
    r"[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2}|com|net|org|info|biz|app|dev|local|lan|cloud)", re.I
)


def words_of(text: str) -> set[str]:
    """The words of a name, in lower case."""
    return set(re.findall(r"[^\W\d_]+", text.casefold()))


_AGENT_FOLDERS: Final = words_of(
    "agent agents operator operators employee employees extensions agenten mitarbeiter"
)
_GENERIC_WORDS: Final = _AGENT_FOLDERS | words_of(
    """
    amr archive archived archives audio backup call calls caller client clients customer customers data day de default
    desktop done download downloads drive en export exports files flac folder from home in inbound incoming input
    internal left line media missed mix mono monitor month mp new night ogg old opus out outbound outgoing output phone
    processed public raw rec record recorded recording recordings records right sample samples shared shift sound sounds
    spool stereo storage team temp test tests tmp to today train unknown upload uploads user users vip voice wav wave
    week year yesterday
    january february march april may june july august september october november december jan feb mar apr jun jul aug
    sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun
    """
)
_QUEUE_WORDS: Final = words_of(
    """
    accounts billing care cancellations claims collections complaints department desk helpdesk help hotline
    it logistics orders queue reception reservations retention returns sales service services shipping support
    tech technical
    """
)


_CUSTOMER_FOLDERS: Final = words_of("caller callers client clients customer customers kunden")
_NO_NAME_WORDS: Final = words_of(
    """
    and bank center centre clinic company corp garden gmbh group hospital hotel inc law llc ltd of office school shop
    store team the und university
    """
)
"""Words beside a first name that make it the name of something else."""


def folder_facts(path: PurePosixPath) -> CallFacts:
    """The nearest folder with a person's name is the agent, the nearest with a department's the queue.

    >>> folder_facts(PurePosixPath("support/anna/2026/call.wav"))
    CallFacts(agent='anna', queue='support')
    >>> folder_facts(PurePosixPath("OneDrive/agents/jdoe/call.wav"))
    CallFacts(agent='jdoe')
    """
    return _facts_of(path.parent.parts)


@lru_cache(maxsize=4096)
def _facts_of(folders: tuple[str, ...]) -> CallFacts:
    agent = queue = None
    for parent, folder in reversed(list(zip(("", *folders), folders, strict=False))):
        if _NUMBERED_AGENT.fullmatch(folder):
            agent = agent or folder
        elif is_generic(folder):
            queue = queue or (folder if words_of(folder) & _QUEUE_WORDS else None)
        elif _in_agents(parent, folder) or (is_person(folder) and not _is_all(parent, _CUSTOMER_FOLDERS)):
            agent = agent or folder
    return CallFacts(agent=agent, queue=queue)


def is_person(text: str) -> bool:
    """Whether ``text`` looks like a person's name: one to three words, a known first name first or last.

    >>> [is_person(text) for text in ("anna", "ChrisL", "Zoë M.", "Coles, Zoe", "Anna Smith (101)")]
    [True, True, True, True, True]
    >>> [is_person(text) for text in ("night shift", "acme.example.com", "Marks and Spencer", "anna 2026")]
    [False, False, False, False]
    """
    numbered = _NUMBERED.fullmatch(text)
    text = numbered["name"] if numbered else text
    if not _NAME.fullmatch(text) or (_DOMAIN.fullmatch(text) and "." in text):
        return False
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[^\W\d_A-Z])(?=[A-Z])", " ", text))  # "AnnaSmith"
    if {word.casefold() for word in words} & (_GENERIC_WORDS | _QUEUE_WORDS | _NO_NAME_WORDS):
        return False
    return any(is_first_name(word) for word in (words[0], words[-1]))


def is_generic(text: str) -> bool:
    """Whether ``text`` consists of words that name no person."""
    return _is_all(text, _GENERIC_WORDS | _QUEUE_WORDS)


def _in_agents(parent: str, folder: str) -> bool:
    return _is_all(parent, _AGENT_FOLDERS) and not _DATE.fullmatch(folder)


def _is_all(text: str, words: set[str]) -> bool:
    """Whether ``text`` consists of such words."""
    return bool(words_of(text)) and words_of(text) <= words
