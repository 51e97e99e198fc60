"""The tables that benchmarks/results.py makes itself."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_runs_are_read_from_their_folders_and_a_split_without_all_parts_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from results import accuracy_by_corpus, runs_of

    runs = {
        ("knn", "paper"): {"tess": {"wa": 100.0, "clips": 5}},
        ("knn", "unseen 1"): {"tess": {"wa": 50.0, "clips": 10}, "savee": {"wa": 20.0, "clips": 5}},
        ("knn", "unseen 2"): {"tess": {"wa": 0.0, "clips": 30}},
        ("minilm", "unseen 1"): {"tess": {"wa": 50.0, "clips": 10}},
    }
    for (name, part), per_corpus in runs.items():
        folder = tmp_path / name / part.replace(" ", "-")
        folder.mkdir(parents=True)
        found = {"recipe": name, "split": part, "per_corpus": per_corpus}
        (folder / "figures.json").write_text(json.dumps(found), encoding="utf-8")
    results = runs_of(tmp_path)
    assert [(one.recipe, one.split, len(one.metrics)) for one in results if one.metrics] == [
        ("knn", "paper", 1),
        ("knn", "unseen", 2),
    ]
    assert ("minilm", "unseen") in [(one.recipe, one.split) for one in results]
    assert accuracy_by_corpus(results) == (
        ["WA", "paper: tess", "unseen: savee", "unseen: tess"],
        [["knn", "100.0", "20.0", "12.5"]],
    )
