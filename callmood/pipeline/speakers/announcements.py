"""Announcements of a machine before the first human turn: menus, queues, notices of recording.

They count for nobody: neither as the agent's talk nor for the roles. Real people must never be taken for a machine, so
the words alone are not enough: somebody has to answer later, and nobody may have yet, neither another voice nor one
that speaks as a person does; and music or a tone follows, or the voice never returns.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callmood.call import Hold, Segment, Speaker, Speech

_NUMBER: Final = r"(\d|one|two|three|four|five|six|seven|eight|nine|zero|star|pound|hash)"
_ONLY_MACHINES_SAY: Final = (
    rf"\bpress(ing)? (the )?(number )?{_NUMBER}\b",
    rf"\bfollowed by (the )?{_NUMBER}\b",
    r"\byour call is (very )?important\b",
    r"\b(agents|representatives|operators|advisors|specialists|lines) are (all )?(currently |still )?"
    r"(busy|assisting|helping|serving|unavailable)\b",
    r"\bnext available (agent|representative|operator|advisor|specialist)\b",
    r"\bnumber \w+ in (the )?(queue|line)\b",
    r"\bmenu( options)? (has|have) (recently )?changed\b",
    r"\blisten carefully\b",
    r"\bafter the (tone|beep)\b",
)
_MACHINES_SAY_TOO: Final = (
    r"\b(calls?|line) (is|are|may be|will be|might be|can be)( being)? (recorded|monitored)\b",
    r"\b(you have|you've) reached\b",
    r"\byour call (will|is going to) be (answered|connected|transferred)\b",
)
_ONLY_PEOPLE_SAY: Final = (
    r"\bmy name('s| is)\b",
    r"\bthis is (?!(an?|the|your|our|not) )\w+( \w+)? (speaking|calling|here|from|with|at|in)\b",
    r"\b\w+ speaking( how|$)",
    r"\b(speaking|talking) (with|to)\b",
    r"\bhow (can|may|could|might) (i|we) (help|assist)\b",
    r"\bi'll\b",
    r"\blet me\b",
)
_SURE_WITHOUT_SOUND: Final = 2
_WITHOUT_SOUND_S: Final = 60.0
"""What is said later than this, without music or a tone, is no announcement before a call."""


@dataclass(frozen=True, slots=True)
class People:
    """What people say on a call, and what machines said before."""

    speakers: tuple[Speaker, ...]
    """Those who say anything besides announcements."""
    segments: tuple[Segment, ...]
    speech: tuple[Speech, ...]
    announcements: tuple[Hold, ...]


def without_announcements(
    speakers: Sequence[Speaker], segments: Sequence[Segment], speech: Sequence[Speech], holds: Sequence[Hold]
) -> People:
    """A call's segments and speech, by start, without the announcements before the first human turn.

    ``holds`` is the music and the tones of the call.
    """
    until_s = _announced_until(segments, speech, holds)
    announced = [segment for segment in segments if segment.start_s < until_s]
    kept = tuple(stretch for stretch in speech if stretch.start_s >= until_s)
    heard = {stretch.speaker for stretch in kept} if announced else {speaker.index for speaker in speakers}
    return People(
        tuple(speaker for speaker in speakers if speaker.index in heard),
        tuple(segment for segment in segments if segment.start_s >= until_s),
        kept,
        tuple(Hold("announcement", one.start_s, one.end_s, one.text) for one in announced),
    )


def _announced_until(segments: Sequence[Segment], speech: Sequence[Speech], holds: Sequence[Hold]) -> float:
    """Up to when a machine speaks, in seconds; 0 if none does."""
    if not segments or not speech:
        return 0.0
    first = speech[0].speaker
    others = [stretch for stretch in speech if stretch.speaker != first]
    person = next((one for one in segments if _cues([one], _ONLY_PEOPLE_SAY)), None)
    answers = [turn.start_s for turn in (*others[:1], person) if turn is not None]
    if not answers:
        return 0.0
    answered_s = min(answers)
    opening = [one for one in segments if one.speaker == first and one.end_s <= answered_s]
    sounds = [
        hold for hold in holds if opening and opening[0].end_s <= hold.start_s and hold.end_s <= answered_s
    ]
    if sounds:
        before = [one for one in opening if one.end_s <= sounds[-1].start_s]
        if _cues(before, (*_ONLY_MACHINES_SAY, *_MACHINES_SAY_TOO)):
            return sounds[-1].end_s
    never_returns = all(stretch.start_s < answered_s for stretch in speech if stretch.speaker == first)
    if (
        never_returns
        and len({stretch.speaker for stretch in others}) > 1
        and _cues(opening, _ONLY_MACHINES_SAY)
    ):
        return answered_s
    early = [one for one in opening if one.end_s <= opening[0].start_s + _WITHOUT_SOUND_S]
    if _cues(early, _ONLY_MACHINES_SAY) >= _SURE_WITHOUT_SOUND:
        return max(one.end_s for one in early if _cues([one], _ONLY_MACHINES_SAY))
    return 0.0


def _cues(segments: Sequence[Segment], phrases: Sequence[str]) -> int:
    """How many of the phrases are said."""
    said = " ".join(re.sub(r"[^\w' ]+", " ", segment.text.lower()) for segment in segments)
    said = " ".join(said.split())
    return sum(re.search(phrase, said) is not None for phrase in phrases)
