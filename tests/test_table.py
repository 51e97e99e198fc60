"""The table of systems."""

from callmood.training.measure.table import Result, markdown, rows, short_rows

KNN = Result("knn", "paper", [{"ua": 80.0, "wa": 82.0, "ua_wa": 162.0, "macro_f1": 79.0}])
FOLDS = Result("knn", "folds", [{"ua": ua, "wa": ua, "ua_wa": 2 * ua, "macro_f1": ua} for ua in (30.0, 40.0)])
MISSING = Result("hubert", "paper", (), reason="no weights")


def test_folds_are_given_with_their_spread_and_the_papers_figure_stands_beside() -> None:
    head, lines = short_rows([KNN, FOLDS, MISSING])
    assert head == ["UA / WA in percent", "split paper", "split folds", "in the paper"]
    assert lines[0] == ["knn", "80.0 / 82.0", "35.0 ± 5.0 / 35.0 ± 5.0", "62.94 / 56.72"]


def test_what_was_not_measured_is_called_so() -> None:
    _, lines = short_rows([KNN, MISSING])
    assert lines[1] == ["hubert", "not measured", "75.52 / 74.54"]


def test_every_line_of_the_markdown_table_has_every_column() -> None:
    table = markdown(*rows([KNN, FOLDS, MISSING])).splitlines()
    assert len(table) == 4 and len({line.count("|") for line in table}) == 1
