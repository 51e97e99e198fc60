"""The library beside the command line: what `import callmood` offers, and that it prints nothing."""

import importlib.metadata
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factory import AGENT, CUSTOMER, feeling, make_call
from sounds import CALLS, STEREO_CALL

import callmood
from callmood.labels import LABELS
from callmood.store import open_db, rows, write_call

NOTEBOOK = Path(__file__).with_name("notebook.py")


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the notebook finds; its progress, and that of its processes, must print nothing."""
    folder = tmp_path_factory.mktemp("notebook")
    command = [sys.executable, str(NOTEBOOK), str(CALLS), str(folder / "calls.duckdb")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    yield json.loads(line)


def test_a_scan_tells_its_progress_and_gives_a_summary(notebook: dict[str, Any]) -> None:
    assert notebook["summary"].startswith(
        "Summary(5 recordings scanned (2 min of audio), 0 skipped, 0 failed"
    )
    assert notebook["steps"] == 6 and notebook["first step"]


def test_a_second_scan_has_no_outcome(notebook: dict[str, Any]) -> None:
    assert notebook["again"] == 0


def test_calls_scored_again_are_outcomes_of_their_own(notebook: dict[str, Any]) -> None:
    assert notebook["rescored"] == ["Rescored"]


def test_a_report_is_a_frame_with_its_notes(notebook: dict[str, Any]) -> None:
    assert notebook["agents"] == ["anna", "ben"]
    assert "Overtalk and interruptions leave out 1 single-channel recording." in notebook["notes"]


def test_calls_segments_and_words_are_frames(notebook: dict[str, Any]) -> None:
    assert notebook["calls"] == 5
    assert notebook["segments"] > 30 and notebook["words"] > 300
    assert 0 < notebook["sure words"] <= notebook["words"]
    assert notebook["turns"] > 3 and notebook["angry"] > 0


def test_roles_that_were_not_scored_have_no_emotion(notebook: dict[str, Any]) -> None:
    assert notebook["roles scored"] == ["agent", "customer"]  # anna's calls lost hers, ben's kept them


def test_importing_callmood_imports_nothing_heavy() -> None:
    heavy = ("torch", "whisperx", "transformers", "polars", "duckdb", "numpy")
    code = f"import sys, callmood; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("variable", "off"),
    [("ORT_DISABLE_TELEMETRY", "1"), ("PYANNOTE_METRICS_ENABLED", "0"), ("HF_HUB_DISABLE_TELEMETRY", "1")],
)
def test_importing_callmood_turns_the_telemetry_of_libraries_off(variable: str, off: str) -> None:
    code = f"import callmood, os; print(os.environ[{variable!r}])"
    on = {"0": "1", "1": "0"}[off]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, variable: on},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == off


@pytest.mark.parametrize("name", callmood.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(callmood, name)
    assert name in ("LABELS", "__version__") or found.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'callmood' has no attribute 'scam'"):
        callmood.scam  # noqa: B018


def test_the_version_has_one_source() -> None:
    assert callmood.__version__ == importlib.metadata.version("callmood")


def test_the_package_is_typed() -> None:
    assert Path(callmood.__file__).with_name("py.typed").is_file()


def test_an_unknown_option_is_wrong_usage() -> None:
    with pytest.raises(callmood.UsageError, match=r"no option workesr \(did you mean workers\?\)"):
        callmood.scan("calls", workesr=2)  # type: ignore[call-arg]


def test_a_wrong_option_is_named_as_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(callmood.UsageError, match=r"^--speakers must be less than or equal to 8\.$"):
        callmood.scan(tmp_path, speakers=9)


def test_wrong_options_of_an_iterator_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(callmood.UsageError):
        callmood.iter_scan(tmp_path, speakers=9)
    with pytest.raises(callmood.UsageError, match="Give a recording or a folder"):
        callmood.iter_scan([])


def test_a_folder_is_for_scan(tmp_path: Path) -> None:
    with pytest.raises(callmood.CallmoodError, match="is a folder"):
        callmood.analyze(tmp_path)


def test_what_is_not_a_recording_can_not_be_analyzed(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    with pytest.raises(callmood.CallmoodError, match=r"empty\.wav is empty\."):
        callmood.analyze(tmp_path / "empty.wav")


def test_nothing_is_logged_where_nobody_listens() -> None:
    handlers = logging.getLogger("callmood").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


@pytest.fixture
def stored(db_path: Path) -> Path:
    lines = (
        (AGENT, 0.0, 2.0, "hello", feeling("calm", 0.9)),
        (CUSTOMER, 2.0, 5.0, "this is a <disgrace>", feeling("angry", 0.7)),
    )
    with open_db(db_path) as con:
        write_call(con, 1, "m1", make_call(lines, agent="Ann", metadata={"region": "north", "agent": "x"}))
    return db_path


def test_metadata_are_columns_of_the_calls(stored: Path) -> None:
    with callmood.open(stored) as db:
        assert db.calls().select("agent", "region").row(0) == ("Ann", "north")


def test_a_database_is_read_only(stored: Path) -> None:
    with callmood.open(stored) as db, pytest.raises(callmood.CallmoodError, match="can't answer"):
        db.sql("DELETE FROM word")


def test_parameters_have_any_name(stored: Path) -> None:
    with callmood.open(stored) as db:
        assert db.sql("SELECT $Agent1 AS a", {"Agent1": "x"}).item() == "x"


@pytest.mark.parametrize(
    "sql", ["SELECT 1 AS a, 2 AS a", "SELECT nonsense", "SELECT {'a': 1, 'b': 'x'} AS s, 1 AS s"]
)
def test_a_query_that_gives_no_frame_is_a_sentence(stored: Path, sql: str) -> None:
    with callmood.open(stored) as db, pytest.raises(callmood.CallmoodError):
        db.sql(sql)


def test_types_of_a_query_are_kept(stored: Path) -> None:
    with callmood.open(stored) as db:
        row = db.sql(
            "SELECT INTERVAL 1 HOUR AS i, sum(segment) AS n, true AS t, ['a'] AS l FROM segment"
        ).row(0)
    assert row == (timedelta(hours=1), 1, True, ["a"])


def test_threads_may_ask_at_once_and_a_closed_database_says_so(stored: Path) -> None:
    with callmood.open(stored) as db, ThreadPoolExecutor(8) as pool:
        heights = [frame.height for frame in pool.map(lambda _: db.segments(), range(16))]
    assert heights == [2] * 16
    with pytest.raises(callmood.CallmoodError, match="can't answer"):
        db.calls()


def test_an_unknown_role_is_wrong_usage(stored: Path) -> None:
    with callmood.open(stored) as db, pytest.raises(callmood.UsageError, match="no role boss"):
        db.report(role="boss")  # type: ignore[arg-type]


def test_a_closed_database_can_be_written(stored: Path) -> None:
    callmood.open(stored).close()
    assert callmood.correct("call.wav", 3.0, "sad", db=stored).role == "customer"


def test_the_mood_of_scores_is_that_of_the_database(stored: Path) -> None:
    with open_db(stored) as con:
        for label in LABELS:
            scores = feeling(label, 0.6)
            ((mood,),) = rows(
                con,
                "SELECT mood(map($labels::VARCHAR[], $scores::DOUBLE[]))",
                {"labels": list(LABELS), "scores": list(scores.relative)},
            )
            assert scores.mood == pytest.approx(mood)


def test_a_notebook_shows_calls_and_reports_escaped(stored: Path) -> None:
    call = make_call(((CUSTOMER, 0.0, 2.0, "a <b>"),))
    assert "a &lt;b&gt;" in call._repr_html_()
    assert repr(call) == "Call('call.wav', 0:02, stereo, 2 speakers, 1 segment)"
    with callmood.open(stored) as db:
        assert "&lt;" in db.segments()._repr_html_()


def test_analyze_gives_one_call_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call = callmood.analyze(STEREO_CALL)
    assert (call.recording.facts.agent, call.layout) == ("anna", "stereo")
    assert [speaker.role for speaker in call.speakers] == ["agent", "customer"]
    assert all(scores is not None and -1 <= scores.mood <= 1 for scores in call.scores)
    assert list(tmp_path.iterdir()) == []
