"""Who is the agent, by the settings, by what is said, or by who speaks first; and why, for people to read.

What is said counts for an agent (a greeting, an offer of help, a request for a number) or for a customer (a complaint,
trouble of one's own, an order that didn't come). The side with more of the one and less of the other is the agent;
where the two hardly differ, nobody is.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from callmood.call import Role, Segment, Speaker, Turn
from callmood.pipeline.speakers.phrases import Cue, Phrases, normalised, phrases
from callmood.settings import SpeakerSettings

OPENING_S: Final = 30.0
"""What a speaker says within this time of their first word counts in full; later it counts half."""
FIRST_WORD_S: Final = 20.0
"""Speaking first suggests a greeting only this early; after a long wait it may be anybody."""
SPEAKS_FIRST: Final = 1.0
GREETS_FIRST: Final = 1.0
ASKS_WHO: Final = 2.0
"""Asking for a name or a number; the other side's answer with one counts as much for a customer."""
ANSWER_S: Final = 8.0
"""An answer begins within this time of the request."""
ENOUGH: Final = 1.0
"""By how much the agent's evidence exceeds the customer's; with less, neither is known."""
_CLEAR_SCORE: Final = 3.0
"""Score from which words alone identify an agent; and, below zero, a customer."""
_MAIN_CUSTOMER_SHARE: Final = 0.6
"""Share of the other speakers' time from which one of several is the customer."""
_SPELLED: Final = re.compile(r"\d(\D*\d){2}|\b\w( \w){2,}\b")
"""A number of three digits or more, or three letters one by one."""
_TOO_WEAK: Final = "what is said does not tell agent from customer"


@dataclass(frozen=True, slots=True)
class _Evidence:
    """How far a speaker is an agent."""

    words: float
    """By what is said: above 0 an agent, below 0 a customer."""
    first: float
    """By speaking first."""
    agent_phrase: str
    """What is most typical of an agent, or ""."""
    customer_phrase: str
    """What is most typical of a customer, or ""."""

    @property
    def score(self) -> float:
        return self.words + self.first

    @property
    def is_clear(self) -> bool:
        """Whether the words alone identify an agent."""
        return self.words >= _CLEAR_SCORE


def assign_roles(
    speakers: Sequence[Speaker], segments: Sequence[Segment], language: str | None = None
) -> tuple[Speaker, ...]:
    """Speakers with their roles, once the transcript is known.

    ``language`` is what it is in, such as "en"; None if that is not known. Without any words, or if the settings
    determine the roles, speakers keep those of ``first_guess``.
    """
    if any(one.role_is_set for one in speakers):
        return tuple(speakers)
    spoken = sorted((one for one in segments if one.text.strip()), key=lambda one: one.start_s)
    if not spoken:
        return tuple(speakers)
    evidence = _evidence(speakers, spoken, phrases(language))
    if len(speakers) == 1:
        return (_with_lone_role(speakers[0], evidence[speakers[0].index]),)
    best, second = sorted(speakers, key=lambda one: -evidence[one.index].score)[:2]
    lead = evidence[best.index].score - evidence[second.index].score
    if len(speakers) == 2:
        if lead < ENOUGH:
            return tuple(replace(one, role="unknown", decided_by=_TOO_WEAK) for one in speakers)
        return _two(speakers, best, second, evidence, spoken[0].start_s <= FIRST_WORD_S)
    if evidence[best.index].score < ENOUGH:
        return tuple(replace(one, role="unknown", decided_by=_TOO_WEAK) for one in speakers)
    return _several(speakers, best, evidence, spoken)


def first_guess(
    speakers: Sequence[Speaker], turns: Sequence[Turn], settings: SpeakerSettings, *, stereo: bool
) -> tuple[Speaker, ...]:
    """Speakers with the roles that are known before transcription.

    ``stereo``: each channel is a speaker, so that the settings can name the agent's.
    """
    if stereo and settings.agent_channel != "auto":
        agent = 0 if settings.agent_channel == "left" else 1
        why = f"the settings say that the agent is on the {settings.agent_channel} channel"
        return tuple(
            replace(
                one,
                role="agent" if one.channel == agent else "customer",
                decided_by=why,
                role_is_set=True,
            )
            for one in speakers
        )
    if len(speakers) < 2 or not turns:
        return tuple(replace(one, role="unknown", decided_by="the only speaker") for one in speakers)
    agent = min(turns, key=lambda turn: turn.start_s).speaker
    why = f"{_display_name(speakers, agent)} speaks first; no words were recognised"
    if len(speakers) == 2:
        return tuple(
            replace(one, role="agent" if one.index == agent else "customer", decided_by=why)
            for one in speakers
        )
    return tuple(
        replace(one, role="agent", decided_by=why)
        if one.index == agent
        else replace(one, role="unknown", decided_by="one of several others; no words were recognised")
        for one in speakers
    )


def _two(
    speakers: Sequence[Speaker],
    agent: Speaker,
    customer: Speaker,
    evidence: dict[int, _Evidence],
    early: bool,
) -> tuple[Speaker, ...]:
    """The roles of two speakers, with the clearer side's words as the reason."""
    theirs = evidence[customer.index]
    if theirs.customer_phrase and -theirs.words > evidence[agent.index].score:
        why = f"{_display_name(speakers, customer.index)} speaks as a customer: '{theirs.customer_phrase}'"
        reasons = {agent.index: f"the other side: {why}", customer.index: why}
    else:
        why = _why_agent(_display_name(speakers, agent.index), evidence[agent.index], early)
        reasons = {agent.index: why, customer.index: f"the other side: {why}"}
    roles: dict[int, Role] = {agent.index: "agent", customer.index: "customer"}
    return tuple(replace(one, role=roles[one.index], decided_by=reasons[one.index]) for one in speakers)


def _several(
    speakers: Sequence[Speaker], agent: Speaker, evidence: dict[int, _Evidence], spoken: Sequence[Segment]
) -> tuple[Speaker, ...]:
    """The roles of three speakers or more, of whom one is surely an agent."""
    seconds: defaultdict[int, float] = defaultdict(float)
    for segment in spoken:
        seconds[segment.speaker] += segment.end_s - segment.start_s
    others = [one.index for one in speakers if one != agent and not evidence[one.index].is_clear]
    total = sum(seconds[index] for index in others)
    found = []
    for one in speakers:
        name, own = _display_name(speakers, one.index), evidence[one.index]
        role: Role = "unknown"
        reason = f"{name} is one of several others, agent or customer can't be told"
        if one == agent:
            role, reason = "agent", _why_agent(name, own, spoken[0].start_s <= FIRST_WORD_S)
        elif own.is_clear:
            role, reason = "agent", f"{name} speaks as an agent too: '{own.agent_phrase}'"
        elif own.words <= -_CLEAR_SCORE:
            role, reason = "customer", f"{name} speaks as a customer: '{own.customer_phrase}'"
        elif total > 0 and seconds[one.index] >= _MAIN_CUSTOMER_SHARE * total:
            role, reason = "customer", f"{name} speaks most besides the agent"
        found.append(replace(one, role=role, decided_by=reason))
    return tuple(found)


def _with_lone_role(speaker: Speaker, evidence: _Evidence) -> Speaker:
    if evidence.is_clear:
        return replace(speaker, role="agent", decided_by=f"the only speaker; says '{evidence.agent_phrase}'")
    if evidence.words <= -_CLEAR_SCORE:
        return replace(
            speaker, role="customer", decided_by=f"the only speaker; says '{evidence.customer_phrase}'"
        )
    return replace(speaker, role="unknown", decided_by="the only speaker; agent or customer can't be told")


def _evidence(
    speakers: Sequence[Speaker], spoken: Sequence[Segment], tables: Sequence[Phrases]
) -> dict[int, _Evidence]:
    """Each speaker's evidence, by what they say in ``spoken``, by start."""
    texts = [normalised(segment.text) for segment in spoken]
    first = spoken[0].speaker
    begins: dict[int, float] = {}
    for segment in spoken:
        begins.setdefault(segment.speaker, segment.start_s)
    found = {}
    for one in speakers:
        own = [
            (segment, text)
            for segment, text in zip(spoken, texts, strict=True)
            if segment.speaker == one.index
        ]
        until_s = begins.get(one.index, 0.0) + OPENING_S
        parts = (
            (1.0, " ".join(text for segment, text in own if segment.start_s <= until_s)),
            (0.5, " ".join(text for segment, text in own if segment.start_s > until_s)),
        )
        agent = _cues(parts, ((weight, cue) for table in tables for weight, cue in table.agent))
        agent += _cues(parts, ((ASKS_WHO, cue) for table in tables for cue in table.asks_who))[:1]
        customer = _cues(parts, ((weight, cue) for table in tables for weight, cue in table.customer))
        customer += _given_on_request(one.index, spoken, texts, tables, until_s)
        bonus = 0.0
        if own and one.index == first and spoken[0].start_s <= FIRST_WORD_S:
            bonus = _opens(texts[0], tables)
        found[one.index] = _Evidence(
            sum(weight for weight, _ in agent) - sum(weight for weight, _ in customer),
            bonus,
            _most_typical(agent),
            _most_typical(customer),
        )
    return found


def _cues(parts: Sequence[tuple[float, str]], cues: Iterable[Cue]) -> list[tuple[float, str]]:
    """What is said of the cues, and how much it counts, the most typical first.

    Each cue counts once, and each word for one cue.
    """
    said: list[tuple[float, str]] = []
    taken: dict[float, list[tuple[int, int]]] = {share: [] for share, _ in parts}
    for weight, cue in sorted(cues, key=lambda one: -one[0]):
        for share, text in parts:
            found = cue.search(text)
            if found is None:
                continue
            if not any(start < found.end() and found.start() < end for start, end in taken[share]):
                taken[share].append(found.span())
                said.append((weight * share, found.group(0).strip()))
            break
    return sorted(said, key=lambda one: -one[0])


def _given_on_request(
    speaker: int, spoken: Sequence[Segment], texts: Sequence[str], tables: Sequence[Phrases], until_s: float
) -> list[tuple[float, str]]:
    """A name or a number that this speaker gives when another asks for it, once."""
    for at in range(len(spoken) - 1):
        asked, answer = spoken[at], spoken[at + 1]
        if asked.speaker == speaker or answer.speaker != speaker or answer.start_s > asked.end_s + ANSWER_S:
            continue
        if not any(cue.search(texts[at]) for table in tables for cue in table.asks_who):
            continue
        names = [cue for table in tables for cue in table.gives_name]
        for cue in (*names, _SPELLED):
            found = cue.search(texts[at + 1])
            if found is not None:
                return [(ASKS_WHO * (1.0 if answer.start_s <= until_s else 0.5), found.group(0).strip())]
    return []


def _opens(text: str, tables: Sequence[Phrases]) -> float:
    """How far speaking first makes an agent, by the first words: who only says "hello?" was called."""
    if any(table.answers.fullmatch(text) for table in tables):
        return 0.0
    greets = any(table.greeting.search(text) for table in tables)
    return SPEAKS_FIRST + GREETS_FIRST * greets


def _most_typical(cues: Sequence[tuple[float, str]]) -> str:
    return next((phrase for weight, phrase in sorted(cues, key=lambda one: -one[0]) if weight >= 1.0), "")


def _why_agent(name: str, evidence: _Evidence, early: bool) -> str:
    first = evidence.first > 0
    if evidence.agent_phrase:
        return f"{name} {'greets first' if first else 'says'}: '{evidence.agent_phrase}'"
    if first:
        return f"{name} speaks first" if early else f"{name} speaks first, though late"
    return f"{name} sounds least like a customer"


def _display_name(speakers: Sequence[Speaker], index: int) -> str:
    """This speaker's name for people."""
    channels = {one.channel for one in speakers}
    if len(channels) == len(speakers) and len(speakers) > 1:
        channel = next(one.channel for one in speakers if one.index == index)
        return f"the {'left' if channel == 0 else 'right'} channel"
    return f"speaker {index + 1}"
