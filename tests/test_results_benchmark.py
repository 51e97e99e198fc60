"""The tables that benchmarks/results.py makes itself."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_accuracy_by_corpus_counts_the_clips_of_all_parts_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from results import accuracy_by_corpus

    parts = {
        "paper": {"tess": {"wa": 100.0, "clips": 5}},
        "unseen 1": {"tess": {"wa": 50.0, "clips": 10}, "savee": {"wa": 20.0, "clips": 5}},
        "unseen 2": {"tess": {"wa": 0.0, "clips": 30}},
    }
    for part, per_corpus in parts.items():
        folder = tmp_path / "knn" / part.replace(" ", "-")
        folder.mkdir(parents=True)
        found = {"recipe": "knn", "split": part, "per_corpus": per_corpus}
        (folder / "figures.json").write_text(json.dumps(found), encoding="utf-8")
    (tmp_path / "table.md").write_text("| system |\n| --- |\n| knn |\n| hubert |\n", encoding="utf-8")
    assert accuracy_by_corpus(tmp_path).splitlines() == [
        "| WA | paper: tess | unseen: savee | unseen: tess |",
        "| --- | --- | --- | --- |",
        "| knn | 100.0 | 20.0 | 12.5 |",
    ]
