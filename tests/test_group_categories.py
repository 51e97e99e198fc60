"""Categories by group: shares with intervals, against all other groups together."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from factory import make_call, on
from typer.testing import CliRunner

import callmood
from callmood.cli.app import app
from callmood.reports.categories import verdict
from callmood.store import Connection, write_calls
from callmood.store.categories import Member, write_members


@pytest.fixture
def database(db: Connection, db_path: Path) -> Path:
    """Anna: 18 of 20 calls with churn, Ben: 4 of 20, Cleo: 1 of 2; a call that nobody looked at."""
    calls, members = [], []
    for agent, churn, count in (("anna", 18, 20), ("Ben", 4, 20), ("Cleo", 1, 2)):
        for number in range(count):
            call = make_call(name=f"{agent}{number}", agent=agent, started_at=on(f"2026-11-{number + 1:02}"))
            names = [*(["churn"] if number < churn else []), *(["repeated contact"] if number == 0 else [])]
            calls.append(call)
            members += [Member(call.recording.id, 1, name, "words", None) for name in names]
    write_calls(db, 1, None, [*calls, make_call(name="unknown", agent="Ben")])
    write_members(db, "v1", [call.recording.id for call in calls], members)
    db.close()
    return db_path


def report(database: Path, *arguments: str, columns: int = 120) -> str:
    result = CliRunner().invoke(
        app, ["report", *arguments, "--db", str(database)], env={"COLUMNS": str(columns)}
    )
    assert result.exit_code == 0, result.exception
    return result.output


def lines_of(shown: str, first: str) -> list[str]:
    return [" ".join(line.split()) for line in shown.splitlines() if line.strip().startswith(first)]


def test_shares_by_agent_have_n_and_intervals_and_no_order_of_merit(database: Path) -> None:
    shown = report(database)
    assert "Categories by agent: share of calls, and its 95 % interval" in shown
    shown = shown[shown.index("Categories by agent") :]
    (anna,), (ben,), (cleo,) = (lines_of(shown, name) for name in ("anna", "Ben", "Cleo"))
    assert anna == "anna 20 90 % (70–97) more 5 % (0.9–24)"
    assert ben == "Ben 20 20 % (8–42) fewer 5 % (0.9–24)"
    assert cleo == "Cleo 2 1 of 2 1 of 2"
    assert shown.index("anna") < shown.index("Ben") < shown.index("Cleo")


def test_one_agent_is_compared_with_all_others(database: Path) -> None:
    shown = report(database, "--agent", "ANNA")
    assert lines_of(shown, "churn") == ["churn 18 of 20 90 % 70 to 97 % 23 % of 22 more"]
    assert lines_of(shown, "repeated") == ["repeated contact 1 of 20 5 % 0.9 to 24 % 9 % of 22 unclear"]
    assert lines_of(report(database, "--agent", "cleo"), "churn") == [
        "churn 1 of 2 50 % few calls 55 % of 40 few calls"
    ]


def test_an_agent_alone_is_compared_with_nobody(database: Path) -> None:
    shown = report(
        database, "--since", "2026-11-03", "--until", "2026-11-20", "--only", "agent=anna", "--queue"
    )
    assert "Categories by queue" not in shown
    assert "churn 16 of 18 calls" in shown


@pytest.mark.parametrize("columns", [40, 80])
def test_on_a_narrow_terminal_no_category_is_lost(database: Path, columns: int) -> None:
    shown = report(database, columns=columns)
    assert "churn" in shown and "contact" in shown
    assert len(lines_of(shown[shown.index("Categories by agent") :], "anna")) >= 1


def test_days_stand_in_their_order(database: Path) -> None:
    shown = report(database, "--day", "--limit", "3")
    shown = shown[shown.index("Categories by day") :]
    assert lines_of(shown, "2026-11-01") == ["2026-11-01 3 3 of 3 3 of 3"]
    assert shown.index("2026-11-01") < shown.index("2026-11-02")


def test_of_many_groups_those_that_differ_are_shown(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callmood.reports.categories._MOST_GROUPS", 2)
    shown = report(database)
    shown = shown[shown.index("Categories by agent") :]
    assert "(2 of 3: those that differ clearly from all others)" in " ".join(shown.split())
    assert lines_of(shown, "Cleo") == []


def test_the_table_is_in_every_format(database: Path, tmp_path: Path) -> None:
    text = report(database, "--format", "csv", "--table", "group_categories")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["name"], row["category"], row["calls"], row["rest_calls"]) for row in rows[:3]] == [
        ("anna", "churn", "18", "5"),
        ("Ben", "churn", "4", "19"),
        ("Cleo", "churn", "1", "22"),
    ]
    assert "## Categories by agent" in report(database, "--format", "markdown")
    report(database, "--output", str(tmp_path / "r.xlsx"))
    with callmood.open(database) as db:
        assert db.report(by="call").group_categories is None


def test_without_categories_nothing_is_shown(db: Connection, db_path: Path) -> None:
    write_calls(db, 1, None, [make_call(name=agent, agent=agent) for agent in ("anna", "ben")])
    db.close()
    assert "Categories by agent" not in report(db_path)


def row(share: Any, rest: Any) -> dict[str, Any]:
    names = ("", "_low", "_high")
    return {f"share{end}": value for end, value in zip(names, share, strict=True)} | {
        f"rest_share{end}": value for end, value in zip(names, rest, strict=True)
    }


@pytest.mark.parametrize(
    ("share", "rest", "expected"),
    [
        ((0.5, 0.4, 0.6), (0.2, 0.1, 0.3), "more"),
        ((0.2, 0.1, 0.3), (0.5, 0.4, 0.6), "fewer"),
        ((0.2, 0.1, 0.3), (0.3, 0.2, 0.4), ""),
        ((1.0, None, None), (0.0, 0.0, 0.1), ""),
        ((1.0, 0.6, 1.0), (None, None, None), ""),
    ],
)
def test_a_difference_is_told_where_its_interval_leaves_out_0(share: Any, rest: Any, expected: str) -> None:
    assert verdict(row(share, rest)) == expected
