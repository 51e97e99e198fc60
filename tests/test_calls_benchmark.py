"""The benchmark of built calls: who is held out, which calls are made, which segments speak for which turn."""

import random
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from factory import AGENT, CUSTOMER, Line, feeling, make_call

from callmood.errors import CallmoodError
from callmood.labels import LABELS
from callmood.sound import SAMPLE_RATE
from callmood.store import start_scan, write_call, writing
from callmood.training.corpora.clip import Clip

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def clip(speaker: str, label: str, number: int = 0) -> Clip:
    corpus = speaker.partition("-")[0]
    return Clip(corpus=corpus, path=Path(f"{speaker}-{label}-{number}.wav"), speaker=speaker, label=label)


def turn(
    start_s: float,
    end_s: float,
    label: str = "neutral",
    channel: int = 1,
    role: str = "customer",
    speaker: str = "ravdess-03",
) -> Any:
    from built_calls.truth import Turn

    return Turn(start_s, end_s, channel, role, speaker, speaker.partition("-")[0], "male", label)


def call(*turns: Any) -> Any:
    from built_calls.truth import Truth

    return Truth("call-001", "comes", "angry", "customer", "stereo", ("clean", "drawn"), None, 60.0, turns)


def heard(
    start_s: float,
    end_s: float,
    label: str = "neutral",
    probability: float = 0.9,
    channel: int = 1,
    upset: float = 0.0,
) -> Any:
    from built_calls.matching import Heard

    rest = (1 - probability) / (len(LABELS) - 1)
    probabilities = tuple(probability if name == label else rest for name in LABELS)
    return Heard(channel, "customer", channel, start_s, end_s, label, probabilities, upset)


def scanned(
    *segments: Any,
    path: str = "calls/call-001.wav",
    speech_s: float = 9.0,
    upset: float = 0.0,
    upset_from_s: float | None = None,
) -> Any:
    from built_calls.matching import Scanned

    return Scanned(Path(path), True, speech_s, upset, upset_from_s, segments)


def test_parts_share_no_speaker_and_lose_none() -> None:
    from built_calls.parts import PARTS, in_parts

    names = [f"cremad-{1000 + i}" for i in range(20)] + [f"ravdess-{i:02}" for i in range(1, 25)]
    clips = [clip(name, "happy") for name in names]
    speakers = [{one.speaker for one in in_parts(clips, [part])} for part in PARTS]
    assert sum(len(part) for part in speakers) == len(names)
    assert set.union(*speakers) == set(names)
    assert {"ravdess-03", "cremad-1000", "cremad-1006"} <= speakers[1]
    assert {"ravdess-02", "cremad-1003"} <= speakers[2]


def test_links_leave_out_the_clips_of_others_and_keep_what_else_is_there(tmp_path: Path) -> None:
    from built_calls.parts import link_corpus

    source = tmp_path / "corpus"
    (source / "wav").mkdir(parents=True)
    clips = []
    for name in ("a.wav", "b.wav"):
        (source / "wav" / name).touch()
        clips.append(Clip(corpus="emodb", path=source / "wav" / name, speaker=name))
    (source / "labels.txt").touch()
    link_corpus(source, clips, clips[:1], tmp_path / "out")
    linked = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert linked == {"wav/a.wav", "labels.txt"}


def test_kinds_of_calls_come_as_often_as_each_other_and_no_clip_twice_in_one() -> None:
    from built_calls.plan import EMOTIONS, KINDS, plans

    clips = [
        clip(f"ravdess-{actor:02}", label, i)
        for actor in range(10)
        for label in (*EMOTIONS, "neutral", "calm")
        for i in range(8)
    ]
    made = plans(clips, calls_per_speaker=3, seed=1)
    counts = [sum(plan.kind == kind for plan in made) for kind in KINDS]
    assert counts == [6] * len(KINDS)
    assert all(len(set(plan.clips)) == len(plan.clips) for plan in made)
    assert plans(clips, calls_per_speaker=3, seed=1) == made


def test_a_speaker_without_even_speech_gets_a_call_in_one_mood_only() -> None:
    from built_calls.plan import plans

    (made,) = plans([clip("cremad-1001", "sad", i) for i in range(9)], calls_per_speaker=3, seed=1)
    assert (made.kind, {one.label for one in made.clips}) == ("throughout", {"sad"})


def test_pieces_of_a_reader_are_as_long_as_turns() -> None:
    from built_calls.build import PIECE_S, cut_at_pauses

    noise = np.random.default_rng(0).normal(0, 0.1, 30 * SAMPLE_RATE).astype(np.float32)
    noise[5 * SAMPLE_RATE : 5 * SAMPLE_RATE + 4000] = 0
    pieces = cut_at_pauses(noise)
    lengths = [len(piece) / SAMPLE_RATE for piece in pieces]
    assert all(PIECE_S[0] - 0.3 <= length <= PIECE_S[1] + 0.3 for length in lengths)
    assert lengths[0] == pytest.approx(5.1, abs=0.3)


def test_truth_is_read_as_it_was_written(tmp_path: Path) -> None:
    from built_calls.truth import read_truth, write_truth

    one = call(turn(0, 2), turn(3, 5, "angry"))
    write_truth(tmp_path, [one])
    assert read_truth(tmp_path) == [one]


def test_the_segment_that_covers_most_of_a_turn_speaks_for_it() -> None:
    from built_calls.matching import match

    one = call(turn(10, 14, "angry"), turn(20, 24, "angry"), turn(30, 34, channel=0))
    long, short = heard(10.5, 13, "angry"), heard(13, 14, "sad")
    found = match(one, [short, long, heard(20, 21.5, "angry"), heard(30, 34)])
    assert [pair.heard for pair in found] == [long, None, None]


def test_labels_of_other_thresholds_count_calm_and_neutral_together() -> None:
    from built_calls.matching import Heard
    from built_calls.measures import label_at

    even = dict.fromkeys(LABELS, 0.0) | {"calm": 0.4, "neutral": 0.3, "angry": 0.3}
    one = Heard(0, "customer", 0, 0, 2, "neutral", tuple(even.values()), 0.3)
    assert label_at(one, 0.6) == "neutral"
    assert label_at(one, 0.8) is None
    assert label_at(heard(0, 2, "angry", 0.7), 0.6) == "angry"


def test_false_alarms_are_negative_segments_of_even_turns_and_ordinary_recordings() -> None:
    from built_calls.measures import ordinary_speech

    truth = call(
        turn(0, 4, channel=0, role="agent", speaker="librispeech-1688"),
        turn(5, 8),
        turn(10, 12, "angry"),
    )
    segments = (heard(0, 4, "sad", channel=0), heard(5, 8, "angry"), heard(10, 12, "angry"))
    plain = scanned(heard(0, 3, "happy", channel=0), path="prompts/a.gsm", speech_s=3.0)
    speech, acted = ordinary_speech([(truth, scanned(*segments))], [plain])
    assert [(one.name, one.seconds, one.false_alarms()) for one in speech] == [
        ("prompts", 3.0, 0),
        ("readers in the built calls", 4.0, 1),
    ]
    assert (acted.seconds, acted.false_alarms()) == (3.0, 1)


def test_how_early_is_counted_from_where_the_mood_began() -> None:
    from built_calls.measures import early, flag

    truth = call(turn(0, 4, "angry", role="agent"), turn(5, 8), turn(10, 12, "angry"))
    found = flag(truth, scanned(upset=0.9, upset_from_s=14.0))
    assert early([flag(truth, scanned()), found]) == [4.0]


def test_recall_is_compared_where_as_many_even_turns_are_called_upset() -> None:
    from built_calls.matching import Match
    from built_calls.measures import Share, upset_recall_at

    one = call()
    even = [Match(one, turn(0, 1), heard(0, 1, upset=i / 100)) for i in range(100)]
    upset = [Match(one, turn(0, 1, "angry"), heard(0, 1, upset=level)) for level in (0.2, 0.955, 0.99)]
    missed = Match(one, turn(0, 1, "angry"), None)
    assert upset_recall_at([*even, *upset, missed], 0.05) == Share(2, 4)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.69), (1, 0.03, 5.57), (10, 4.80, 18.39)])
def test_intervals_of_rates_are_exact(count: int, low: float, high: float) -> None:
    from built_calls.measures import poisson_interval

    assert poisson_interval(count, 1.0) == pytest.approx((low, high), abs=0.01)


def test_tables_compare_what_a_scan_stored_with_the_truth(tmp_path: Path) -> None:
    from built_calls.tables import tables
    from built_calls.truth import write_truth

    write_truth(tmp_path / "truth", [call(turn(5, 8), turn(10, 13, "angry"))])
    with writing(tmp_path / "calls.duckdb") as con:
        scan = start_scan(con, {}, {}, {})
        lines: list[Line] = [
            (CUSTOMER, 5.0, 8.0, "one two"),
            (CUSTOMER, 10.0, 13.0, "three four", feeling("angry", 0.9)),
        ]
        plain: list[Line] = [(AGENT, 0.0, 3.0, "hello there", feeling("sad", 0.7))]
        write_call(con, scan, "m1", make_call(lines, path=tmp_path / "calls" / "call-001.wav"))
        write_call(
            con, scan, "m1", make_call(plain, name="a", path=tmp_path / "ordinary" / "prompts" / "a.wav")
        )
    shown = tables(tmp_path, tmp_path / "calls.duckdb")
    assert "| all | 100 % of 1 |" in shown
    assert "| prompts | 0.1 | 1 | 0 | 0 | 0 | 1 | 1 | 1200.0 | 30.4 to 6686.0 |" in shown
    assert "| 0.8 | 100 % of 1 | 100 % | – | 0 % of 1 |" in shown
    assert "| corpus: ravdess | 100 % of 1 | 100 % of 2 | 100 % of 2 |" in shown
    assert "Found 0 s after the mood began" in shown


def tone(seconds: float) -> np.ndarray:
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.1 * np.sin(2 * np.pi * 700 * t)).astype(np.float32)


@pytest.mark.parametrize("layout", ["stereo", "mono"])
def test_turns_sound_where_the_truth_says(layout: str) -> None:
    from built_calls.build import Saying, joined
    from built_calls.plan import Plan

    roles = ("agent", "customer", "agent", "customer")
    sayings = [Saying(tone(1.0), role, role, "ravdess", "male", "neutral") for role in roles]
    truth, sound, rate = joined(
        "a", Plan("never", "neutral", "customer", layout, ()), sayings, random.Random(1)
    )
    assert [one.channel for one in truth.turns] == ([0, 1, 0, 1] if layout == "stereo" else [0] * 4)
    assert sound.shape == (1 if layout == "mono" else 2, pytest.approx(truth.seconds * rate, abs=10))
    loud = np.abs(sound) > 0.2 * np.abs(sound).max()
    for turn in truth.turns:
        inside = slice(round((turn.start_s + 0.1) * rate), round((turn.end_s - 0.1) * rate))
        assert loud[turn.channel, inside].mean() > 0.5
    gaps = [(one.end_s, two.start_s) for one, two in pairwise(truth.turns)]
    for end_s, start_s in gaps:
        between = slice(round((end_s + 0.1) * rate), round((start_s - 0.1) * rate))
        assert not loud[:, between].any()


def test_complaints_are_the_only_upset_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    from built_calls import words

    monkeypatch.setattr(words, "_require_synthesisers", lambda: None)
    monkeypatch.setattr(words, "speech", lambda voice, text: tone(0.5))
    (complains, said), (asks, asked) = words.spoken_calls("tune", 2, seed=1)
    assert (complains.kind, asks.kind) == words.KINDS
    assert {one.words for one in said if one.label == "angry"} == {"complaint"}
    assert {one.label for one in asked} == {"neutral"}
    assert {one.words for one in asked if one.role == "customer"} == {"plain", "reported", "thanks"}


def test_tune_and_judge_share_no_sentence_and_none_is_known_to_training() -> None:
    from built_calls.words import sentences

    tune, judge = (
        {text for texts in sentences(part).values() for text in texts} for part in ("tune", "judge")
    )
    assert len(tune) + len(judge) >= 60 and not tune & judge
    known = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "train" / "recipes").glob("*.toml"))
    assert not [text for text in tune | judge if text in known]


def test_a_missing_synthesiser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from built_calls.words import spoken_calls

    monkeypatch.setenv("PATH", "")
    with pytest.raises(CallmoodError, match=r"text2wave and flite not found. Install flite, festival and"):
        next(spoken_calls("tune", 1, seed=1))


def test_stored_calls_are_scored_again_after_new_ones_are_scanned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import calls

    commands: list[list[str]] = []

    def run(command: list[str], check: bool) -> SimpleNamespace:
        commands.append([str(part) for part in command])
        (tmp_path / "calls.duckdb").touch()
        return SimpleNamespace(returncode=0)

    (tmp_path / "calls").mkdir()
    monkeypatch.setattr(calls.subprocess, "run", run)
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["calls.py", "scan", str(tmp_path), "--model", "mine"])
        assert calls.main() == 0
    assert ["--rescore" in command for command in commands] == [False, False, True]
    assert all(command[command.index("--model") + 1] == "mine" for command in commands)
