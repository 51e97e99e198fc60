"""Speech whose words could not be transcribed: heard all the same, and judged by the voice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from callmood.call import Segment, Speaker, Speech
from callmood.pipeline.transcribe.said_once import OVERLAP

_SAYS_A_MOOD_S: Final = 1.2
"""What is shorter may be a cough or a laugh."""

_MUCH_UNTRANSCRIBED_S: Final = 3.0
_MUCH_UNTRANSCRIBED: Final = 0.05


def segments_without_words(speech: Sequence[Speech], speakers: Sequence[Speaker]) -> Iterator[Segment]:
    """A segment without text for each stretch of ``speech`` that has no words, if it is long enough to judge.

    Who shouts, or speaks a language that the recogniser doesn't know, has a mood too.
    """
    channels = {speaker.index: speaker.channel for speaker in speakers}
    for one in speech:
        if one.dropped not in (None, OVERLAP) and one.end_s - one.start_s >= _SAYS_A_MOOD_S:
            yield Segment(one.speaker, channels[one.speaker], one.start_s, one.end_s, "")


def said_of_untranscribed(speech: Sequence[Speech]) -> Iterator[str]:
    """What is said of speech without words, where it is more than a laugh here and there."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for stretch in speech:
        if stretch.dropped is not None:
            seconds[stretch.dropped] += stretch.end_s - stretch.start_s
    total, heard = sum(seconds.values()), sum(stretch.end_s - stretch.start_s for stretch in speech)
    if total >= _MUCH_UNTRANSCRIBED_S and total >= _MUCH_UNTRANSCRIBED * heard:
        reasons = ", ".join(sorted(seconds, key=lambda reason: -seconds[reason]))
        yield f"{total:.0f} s of {heard:.0f} s of speech could not be transcribed ({reasons})"
