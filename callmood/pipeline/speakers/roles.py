"""Who is the agent, by the settings, by what is said, or by who speaks first; and why, for people to read."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from callmood.call import Role, Segment, Speaker, Turn
from callmood.settings import SpeakerSettings

OPENING_S: Final = 30.0
"""What a speaker says within this time of their first word counts in full; later it counts half."""
FIRST_WORD_S: Final = 20.0
"""Speaking first suggests a greeting only this early; after a long wait it may be anybody."""
SPEAKS_FIRST: Final = 1.0
_CLEAR_SCORE: Final = 3.0
"""Score from which words alone identify an agent."""
_MAIN_CUSTOMER_SHARE: Final = 0.6
"""Share of the other speakers' time from which one of several is the customer."""

_AGENT_SAYS: Final = (
    (3.0, r"thank(s| you)( so much| very much)? for (calling|holding|contacting|reaching|choosing)"),
    (3.0, r"how (can|may|could|might) (i|we) (help|assist)( you)?"),
    (3.0, r"what can (i|we) (help|do for) you"),
    (3.0, r"this is [\w' .-]{2,30}? (from|with|at|calling from|speaking)\b"),
    (3.0, r"(you have|you've) reached"),
    (3.0, r"(calls?|line) (is|are|may be|will be|might be|is being)( being)? (recorded|monitored)"),
    (3.0, r"(calling|call) (you )?(from|on behalf of)\b"),
    (2.0, r"(may|can|could) (i|we)( please)? (have|get|take) your"),
    (2.0, r"is there anything else"),
    (2.0, r"welcome to\b"),
    (2.0, r"(my name is|my name's) [\w' .-]{2,30}? (from|with|at)\b"),
    (1.5, r"\b(my name is|my name's|you're speaking (with|to)|speaking with)\b"),
    (1.0, r"good (morning|afternoon|evening)"),
)
_CUSTOMER_SAYS: Final = (
    (2.0, r"\bi('m| am| was)? ?(calling|phoning) (about|because|to|regarding|for|in)\b"),
    (2.0, r"\bi('ve| have)( got)? (a|an|some) (question|problem|issue|complaint)"),
    (1.5, r"\bi (need|want|wanted|would like|wanna)( some help)? (to|help)\b"),
    (1.5, r"\bi'd like to\b"),
    (1.0, r"\bmy (bill|order|account|car|invoice|refund|phone|internet|package|payment)\b"),
)


@dataclass(frozen=True)
class _Evidence:
    score: float
    phrase: str
    """The phrase that is most typical of an agent, or ""."""
    clear: bool
    """Whether the words alone identify an agent."""


def assign_roles(speakers: Sequence[Speaker], segments: Sequence[Segment]) -> tuple[Speaker, ...]:
    """Speakers with their roles, once the transcript is known.

    Without any words, or if the settings determine the roles, they keep those of ``first_guess``.
    """
    if any(one.role_is_set for one in speakers):
        return tuple(speakers)
    said: dict[int, list[Segment]] = defaultdict(list)
    for segment in sorted(segments, key=lambda one: one.start_s):
        if segment.text.strip():
            said[segment.speaker].append(segment)
    if not said:
        return tuple(speakers)
    first = min(said, key=lambda speaker: said[speaker][0].start_s)
    greets = said[first][0].start_s <= FIRST_WORD_S
    evidence = {
        one.index: _agent_evidence(said[one.index], SPEAKS_FIRST if greets and one.index == first else 0.0)
        for one in speakers
    }
    if len(speakers) == 1:
        return (_with_lone_role(speakers[0], evidence[speakers[0].index]),)
    seconds = {one.index: sum(s.end_s - s.start_s for s in said[one.index]) for one in speakers}
    agent = max(speakers, key=lambda one: (evidence[one.index].score, one.index == first)).index
    why = _reason(_display_name(speakers, agent), evidence[agent], agent == first, greets)
    return tuple(
        replace(one, role=role, decided_by=reason)
        for one in speakers
        for role, reason in [_role_and_reason(one, agent, why, evidence, seconds, speakers)]
    )


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


def _role_and_reason(
    one: Speaker,
    agent: int,
    why: str,
    evidence: dict[int, _Evidence],
    seconds: dict[int, float],
    speakers: Sequence[Speaker],
) -> tuple[Role, str]:
    if one.index == agent:
        return "agent", why
    if len(speakers) == 2:
        return "customer", f"the other side: {why}"
    name = _display_name(speakers, one.index)
    if evidence[one.index].clear:
        return "agent", f"{name} speaks as an agent too: '{evidence[one.index].phrase}'"
    others = [index for index, found in evidence.items() if index != agent and not found.clear]
    total = sum(seconds[index] for index in others)
    if total > 0 and seconds[one.index] >= _MAIN_CUSTOMER_SHARE * total:
        return "customer", f"{name} speaks most besides the agent"
    return "unknown", f"{name} is one of several others, agent or customer can't be told"


def _with_lone_role(speaker: Speaker, evidence: _Evidence) -> Speaker:
    if evidence.clear:
        return replace(speaker, role="agent", decided_by=f"the only speaker; says '{evidence.phrase}'")
    return replace(speaker, role="unknown", decided_by="the only speaker; agent or customer can't be told")


def _agent_evidence(segments: Sequence[Segment], bonus: float) -> _Evidence:
    """How far a speaker's words are an agent's. Each phrase counts once: in full in the opening, half later."""
    if not segments:
        return _Evidence(bonus, "", False)
    opening_ends = segments[0].start_s + OPENING_S
    opening = _normalised(" ".join(s.text for s in segments if s.start_s <= opening_ends))
    later = _normalised(" ".join(s.text for s in segments if s.start_s > opening_ends))
    words, best, phrase = 0.0, 0.0, ""
    for weight, pattern in _AGENT_SAYS:
        for text, counts in ((opening, 1.0), (later, 0.5)):
            found = re.search(pattern, text)
            if found is None:
                continue
            words += weight * counts
            if weight * counts > best:
                best, phrase = weight * counts, found.group(0).strip()
            break
    words -= sum(weight for weight, pattern in _CUSTOMER_SAYS if re.search(pattern, opening))
    return _Evidence(bonus + words, phrase if best >= 1.0 else "", words >= _CLEAR_SCORE)


def _normalised(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").replace(",", " ").replace(".", " ").split())


def _reason(name: str, evidence: _Evidence, first: bool, early: bool) -> str:
    if evidence.phrase and evidence.score > SPEAKS_FIRST:
        return f"{name} {'greets first' if first else 'says'}: '{evidence.phrase}'"
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
