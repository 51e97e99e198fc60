"""Speech without words."""

import pytest

from callmood.call import Segment, Speaker, Speech
from callmood.pipeline.untranscribed import segments_without_words

SPEAKERS = (Speaker(0, 0), Speaker(1, 1))


def test_who_was_not_understood_has_a_segment_of_the_voice_alone() -> None:
    speech = [Speech(0, 0.0, 3.0), Speech(1, 3.5, 6.0, "low confidence")]
    assert list(segments_without_words(speech, SPEAKERS)) == [Segment(1, 1, 3.5, 6.0, "")]


@pytest.mark.parametrize(
    "unheard",
    [
        pytest.param(Speech(0, 0.0, 1.0, "no speech"), id="a cough"),
        pytest.param(Speech(0, 0.0, 3.0, "overlap"), id="another speaker's words"),
    ],
)
def test_what_need_not_be_a_voice_has_no_segment(unheard: Speech) -> None:
    assert list(segments_without_words([unheard], SPEAKERS)) == []
