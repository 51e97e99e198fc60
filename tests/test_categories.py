"""Categories: defined in TOML, found by words, meaning and conditions, counted by calls and agents."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from factory import AGENT, CUSTOMER, Line, feeling, make_call
from safetensors.numpy import save_file
from typer.testing import CliRunner

import callmood
from callmood import questions
from callmood.cli.app import app, main
from callmood.errors import CallmoodError, UsageError
from callmood.model.networks.minilm import WIDTH, sentence_encoder
from callmood.search.categories import included, read_categories
from callmood.search.categorize import categorize, compare_with, sentences_of
from callmood.search.sentences import included_vectors
from callmood.search.vectors import fill_in
from callmood.store import Connection, open_db, rows, start_scan, write_call, write_calls

LINES: tuple[Line, ...] = (
    (AGENT, 0.0, 2.0, "Thank you for calling, how can I help?"),
    (CUSTOMER, 2.0, 4.0, "I want to leave you and go to your competitor.", feeling("angry")),
    (AGENT, 14.0, 16.0, "My brother wants to leave you and go to your competitor."),
    (CUSTOMER, 16.0, 18.0, "My café is closed on Mondays."),
    (AGENT, 18.0, 20.0, "Goodbye."),
)
Found = set[tuple[int, str]]
"""Segments, and what speaks for them."""


@pytest.fixture
def scanned(db: Connection, db_path: Path) -> Path:
    scan = start_scan(db, {}, {}, {})
    calls = [make_call(LINES, "first.wav", agent="anna"), make_call(LINES[3:], "second.wav", agent="ben")]
    write_calls(db, scan, None, calls)
    db.close()
    return db_path


@pytest.fixture
def found(scanned: Path, tmp_path: Path) -> Callable[[str], Found]:
    """The segments of the first call that a definition finds."""

    def find(definition: str) -> Found:
        file = tmp_path / "categories.toml"
        file.write_text(f"[tried]\n{definition}\n", encoding="utf-8")
        callmood.categorize(file, db=scanned)
        with open_db(scanned, read_only=True) as con:
            return set(
                rows(
                    con,
                    "SELECT segment, evidence FROM segment_category JOIN recording ON id = recording_id "
                    "WHERE path LIKE '%first.wav'",
                )
            )

    return find


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ('words = ["go to your competitor"]', {(1, "words"), (2, "words")}),
        ('words = ["CAFE", "good*"]', {(3, "words"), (4, "words")}),
        ('words = ["good"]', set()),
        ('words = ["thank * how"]', {(0, "words")}),
        ("patterns = ['\\bmondays?\\W*$']", {(3, "words")}),
        (
            'examples = ["I will go to another company."]\nrole = "customer"\nthreshold = 0.4',
            {(1, "meaning")},
        ),
        (
            'words = ["leave"]\nexamples = ["I will go to another company."]\nrole = "customer"\nthreshold = 0.4',
            {(1, "both")},
        ),
        (
            'examples = ["I will go to another company."]\nthreshold = 0.3\n'
            'unlike = ["My brother wants to go to another company."]',
            {(1, "meaning")},
        ),
        ('examples = ["I will go to another company."]\nthreshold = 0.99', set()),
        ('emotions = ["angry"]', {(1, "conditions")}),
        ("after_silence_s = 8", {(2, "conditions")}),
        ('part = "first"', {(0, "conditions"), (1, "conditions")}),
        ('part = "last"\nrole = "agent"', {(2, "conditions"), (4, "conditions")}),
        ('words = ["goodbye"]\nemotions = ["angry"]', set()),
    ],
)
def test_a_segment_belongs_to_a_category_by_words_meaning_or_conditions(
    found: Callable[[str], Found], definition: str, expected: Found
) -> None:
    assert found(definition) == expected


def test_speakers_whose_role_is_not_known_count_as_customers(db: Connection, db_path: Path) -> None:
    call = make_call([(0, 0.0, 2.0, "I want to speak to your manager.")], roles=["unknown"])
    write_call(db, start_scan(db, {}, {}, {}), None, call)
    db.close()
    assert [(one.category, one.calls) for one in callmood.categorize(db=db_path).counts] == [
        ("escalation", 1)
    ]


def test_calls_are_compared_once_and_new_ones_alone(scanned: Path) -> None:
    callmood.categorize(db=scanned)
    seen: list[tuple[int, int]] = []
    categorize(scanned, progress=lambda done, of: seen.append((done, of)))
    assert seen == []
    with open_db(scanned) as con:
        write_call(con, 1, None, make_call(LINES[:1], "second.wav", agent="ben"))
        assert rows(con, "SELECT count(*) FROM categorized") == [(1,)]
    callmood.categorize(db=scanned)
    with open_db(scanned, read_only=True) as con:
        categories = rows(
            con, "SELECT category FROM call_category JOIN recording ON id = recording_id WHERE agent = 'ben'"
        )
    assert categories == [("greeting",)]


def test_definitions_stay_until_the_included_ones_count_again(scanned: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[monday]\nwords = ["mondays"]\n', encoding="utf-8")
    callmood.categorize(file, db=scanned)
    assert callmood.categorize(db=scanned).categories == ("monday",)
    assert "mondays" in questions.definitions(scanned)
    assert "churn" in callmood.categorize(included=True, db=scanned).categories
    with open_db(scanned, read_only=True) as con:
        assert rows(con, "SELECT count(*) FROM segment_category WHERE category = 'monday'") == [(0,)]


def test_categories_are_counted_by_agent(scanned: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[cafe]\nwords = ["cafe"]\n[leaving]\nwords = ["leave you"]\n', encoding="utf-8")
    counts = callmood.categorize(file, db=scanned).counts
    assert {(one.category, one.agent, one.calls, one.of) for one in counts} == {
        ("cafe", "anna", 1, 1),
        ("cafe", "ben", 1, 1),
        ("leaving", "anna", 1, 1),
    }


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[a\n", "not valid TOML"),
        ("", "defines no category"),
        ("[a]\n", "neither words nor examples nor conditions"),
        ("[a]\nword = ['x']\n", "a.word: extra inputs"),
        ("[a]\nwords = ['?']\n", "holds no word"),
        ("[a]\npatterns = ['(']\n", r"the pattern \"\(\" in \[a\] is wrong"),
        ("[a]\nwords = ['x']\nthreshold = 2\n", "a.threshold"),
        ("[a]\nwords = ['x']\nemotions = ['merry']\n", "a.emotions"),
        ("['a\u001b']\nwords = ['x']\n", "not valid TOML|pattern"),
    ],
)
def test_a_wrong_definition_is_explained(toml: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        read_categories(toml, "mine.toml")


def test_a_wrong_file_leaves_the_definitions_that_count(scanned: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[a]\n", encoding="utf-8")
    with pytest.raises(UsageError):
        callmood.categorize(file, db=scanned)
    assert questions.definitions(scanned) == included()


def test_the_sentences_of_categories_are_encoded_once(
    scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[leaving]\nexamples = ["I will go to another company."]\nthreshold = 0.4\n', encoding="utf-8"
    )
    callmood.categorize(file, db=scanned)
    with open_db(scanned) as con:
        write_call(con, 1, None, make_call(LINES[:2], "third.wav", agent="ben"))
        before = rows(con, "SELECT likeness FROM segment_category WHERE segment = 1")
    fill_in(scanned)
    monkeypatch.setattr("callmood.search.categorize.sentence_encoder", None)
    categorize(scanned)
    with open_db(scanned, read_only=True) as con:
        after = rows(con, "SELECT likeness FROM segment_category WHERE segment = 1")
    assert len(before) == 1
    assert [one for (one,) in after] == pytest.approx([one for (one,) in before * 2])


def test_the_sentences_of_the_included_categories_are_neither_encoded_nor_stored(
    scanned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_in(scanned)
    monkeypatch.setattr("callmood.search.categorize.sentence_encoder", None)
    categorize(scanned)
    with open_db(scanned, read_only=True) as con:
        assert rows(con, "SELECT count(*) FROM sentence_vector") == [(0,)]
        assert rows(con, "SELECT count(*) FROM segment_category WHERE likeness IS NOT NULL") != [(0,)]


def test_the_vectors_that_come_with_callmood_are_those_of_its_encoder() -> None:
    """``python tests/make_sentences.py`` makes them."""
    sentences = sentences_of(read_categories(included(), "callmood"))
    assert included_vectors().keys() == set(sentences)
    stored = np.stack([included_vectors()[sentence] for sentence in sentences])
    assert np.allclose(stored, sentence_encoder()(sentences), atol=1e-5)


def test_vectors_of_another_encoder_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "sentences.safetensors"
    save_file({"Hello.": np.ones(WIDTH, np.float32)}, file, {"encoder": "another"})
    monkeypatch.setattr("callmood.search.sentences.FILE", file)
    assert included_vectors.__wrapped__() == {}


def test_sentences_that_no_category_has_any_more_are_forgotten(
    scanned: Path, found: Callable[[str], Found]
) -> None:
    found('examples = ["I will go to another company.", "Goodbye."]')
    found('examples = ["Goodbye."]')
    with open_db(scanned, read_only=True) as con:
        assert rows(con, "SELECT sentence FROM sentence_vector") == [("Goodbye.",)]


def test_a_pattern_that_would_take_others_for_ever_is_harmless(found: Callable[[str], Found]) -> None:
    assert found("patterns = ['(a+)+$', '(m|mo|n|o)+!']") == set()


def test_tuning_shows_the_nearest_hits_and_misses_and_stores_nothing(scanned: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[leaving]\nexamples = ["I will go to another company."]\nthreshold = 0.3\n', encoding="utf-8"
    )
    tuning = questions.tune("leaving", file, db=scanned)
    assert {near.segment.segment for near in tuning.hits} == {1, 2}
    assert [near.likeness for near in tuning.hits] == sorted(
        (near.likeness for near in tuning.hits), reverse=True
    )
    assert max(near.likeness for near in tuning.misses) < 0.3
    # the same words twice are one miss
    assert len({near.segment.text for near in tuning.misses}) == len(tuning.misses)
    assert tuning.counts[0.3] == (2, 1)
    with open_db(scanned, read_only=True) as con:
        assert rows(con, "SELECT count(*) FROM categorized") == [(0,)]


def test_the_included_categories_find_what_they_are_about() -> None:
    compared, sentences = compare_with(read_categories(included(), "callmood"))
    assert {one.name for one in compared} == {
        "complaint",
        "churn",
        "escalation",
        "promise",
        "empathy",
        "greeting",
        "closing",
        "profanity",
        "repeated_contact",
        "payment",
    }
    for one in compared:
        if one.category.examples:
            nearness = one.nearness(sentences[one.examples] @ sentences.T)
            assert one.is_near(nearness).all(), one.name
            assert not one.is_near(one.nearness(sentences[one.unlike] @ sentences.T)).any(), one.name


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["categorize", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_prints_a_table_or_json(scanned: Path) -> None:
    table = run("--db", str(scanned))
    assert "churn" in table and "50 %" in table and "anna 1 of 1" in table
    counts = json.loads(run("--json", "--db", str(scanned)))
    assert counts["calls"] == 2
    assert counts["categories"]["churn"] == {"calls": 1, "agents": [{"agent": "anna", "calls": 1, "of": 1}]}


def test_the_definitions_that_are_shown_can_be_given_back(scanned: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(run("--show", "--db", str(tmp_path / "none.duckdb")), encoding="utf-8")
    assert "churn" in run(str(file), "--db", str(scanned))


def test_the_command_shows_what_a_threshold_leaves_out(scanned: Path) -> None:
    assert "threshold 0.45" in run("--tune", "churn", "--db", str(scanned))


@pytest.fixture
def categorized(scanned: Path, tmp_path: Path) -> Path:
    """Both calls are of cafe, one of leaving, and none of rain."""
    file = tmp_path / "mine.toml"
    file.write_text(
        '[cafe]\nwords = ["cafe"]\n[leaving]\nwords = ["leave you"]\n[rain]\nwords = ["rain"]\n',
        encoding="utf-8",
    )
    callmood.categorize(file, db=scanned)
    return scanned


def report(db: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output, or why there is none."""
    result = CliRunner().invoke(app, ["report", *arguments, "--db", str(db)])
    error = result.exception
    if isinstance(error, CallmoodError):
        return error.exit_code, f"{result.stdout}{error}"
    return result.exit_code, result.stdout


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("leaving > 50%", 0),
        ("leaving >= 50 %", 3),
        ("leaving > 0", 3),
        ("cafe < 100%", 0),
        ("cafe<=2", 3),
        ("rain > 0%", 0),
        ("rain < 1", 3),
    ],
)
def test_a_report_fails_if_calls_of_a_category_are_too_many_or_too_few(
    categorized: Path, condition: str, code: int
) -> None:
    found, output = report(categorized, "--fail-if", condition)
    assert found == code
    assert "Calls by agent" in output  # which is printed anyway
    assert ("The report fails" in output) == bool(code)


def test_a_report_that_fails_says_by_how_much(categorized: Path) -> None:
    _, output = report(categorized, "--fail-if", "leaving > 5%", "--fail-if", "cafe > 5%")
    assert "leaving > 5 %: 1 of 2 calls (50.0 %); cafe > 5 %: 2 of 2 calls (100.0 %)" in output


def test_conditions_are_for_the_calls_of_the_report(categorized: Path) -> None:
    assert report(categorized, "--agent", "ben", "--fail-if", "leaving > 0")[0] == 0
    assert report(categorized, "--agent", "anna", "--fail-if", "leaving >= 100%")[0] == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--fail-if", "leaving"], "is no condition"),
        (["--fail-if", "leaving > -1"], "is no condition"),
        (["--fail-if", "leaving > 500%"], "above 100 %"),
        (["--fail-if", "leavin > 1"], "did you mean leaving"),
        (["--call", "first.wav", "--fail-if", "leaving > 1"], "several calls"),
    ],
)
def test_a_wrong_condition_is_wrong_usage(categorized: Path, arguments: list[str], sentence: str) -> None:
    code, output = report(categorized, *arguments)
    assert code == 2 and sentence in output


@pytest.mark.parametrize(
    ("condition", "code"), [("leaving > 0", 0), ("leaving < 50%", 0), ("leaving < 1", 3)]
)
def test_on_a_day_without_calls_numbers_are_compared_and_shares_are_not(
    categorized: Path, condition: str, code: int
) -> None:
    found, output = report(categorized, "--since", "2030-01-01", "--fail-if", condition)
    assert found == code
    assert "No call matches" in output and "callmood categorize" not in output


def test_a_condition_that_could_not_be_asked_is_told_from_one_that_is_met(
    categorized: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for db, condition, expected in (
        (categorized, "leaving > 0", 3),
        (categorized.with_name("nowhere.duckdb"), "churn > 0", 1),
        (categorized, "leavin > 0", 2),
    ):
        monkeypatch.setattr(sys, "argv", ["callmood", "report", "--fail-if", condition, "--db", str(db)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == expected, capsys.readouterr().err


def test_a_condition_on_calls_whose_categories_are_unknown_does_not_pass(scanned: Path) -> None:
    code, output = report(scanned, "--fail-if", "churn > 5%")
    assert code == 1 and "Run callmood categorize" in output


def test_reports_count_categories(categorized: Path) -> None:
    assert "cafe 2, leaving 1 of 2 calls" in report(categorized)[1]
    assert "cafe 1 of 1 call" in report(categorized, "--agent", "ben")[1]
    assert "leaving 0:02, cafe 0:16" in report(categorized, "--call", "first.wav")[1]
    rows = json.loads(report(categorized, "--format", "json")[1])["categories"]
    assert [(row["category"], row["calls"], row["share"]) for row in rows] == [
        ("cafe", 2, 1.0),
        ("leaving", 1, 0.5),
    ]


def test_calls_without_categories_are_said(categorized: Path) -> None:
    with open_db(categorized) as con:
        write_call(con, 1, None, make_call(LINES[:1], "third.wav", agent="ben"))
    assert "Categories leave out 1 call" in report(categorized, "--explain")[1].replace("\n", " ")
