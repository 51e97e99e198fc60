"""Plots are drawn where there is something to draw, alike each time."""

from pathlib import Path

import numpy as np
from matplotlib.image import imread

from callmood.training.measure import plots

HISTORY = [{"epoch": n + 1.0, "loss": 2.0 - n, "validation_ua": 50.0 + n} for n in range(2)]


def colours(plot: Path) -> set[tuple[int, ...]]:
    return {tuple(pixel) for pixel in np.round(255 * imread(plot)[..., :3]).astype(int).reshape(-1, 3)}


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_a_run_without_a_history_has_no_learning_curves(tmp_path: Path) -> None:
    plots.learning_curves([], tmp_path)
    assert not list(tmp_path.iterdir())


def test_learning_curves_draw_what_the_history_holds(tmp_path: Path) -> None:
    plots.learning_curves(HISTORY, tmp_path / "both")
    plots.learning_curves([{"epoch": 1, "loss": 2.0}], tmp_path / "loss")
    both, loss = (imread(tmp_path / name / plots.LEARNING_CURVES).shape[1] for name in ("both", "loss"))
    assert both == 2 * loss


def test_rows_may_hold_a_loss_or_a_validation_alone(tmp_path: Path) -> None:
    plots.learning_curves([{"epoch": 0.5, "loss": 2.0}, {"epoch": 1, "validation_ua": 40.0}], tmp_path)
    assert (tmp_path / plots.LEARNING_CURVES).is_file()


def test_confusions_grow_with_the_labels(tmp_path: Path) -> None:
    sizes = []
    for labels in ("ab", "abcdefgh"):
        plots.confusion(np.eye(len(labels)).tolist(), labels, tmp_path)
        sizes.append(imread(tmp_path / plots.CONFUSION).shape[0])
    assert sizes[1] > 2 * sizes[0]


def test_a_label_without_clips_leaves_its_row_empty(tmp_path: Path) -> None:
    plots.confusion([[4, 0], [0, 0]], ("angry", "sad"), tmp_path)
    assert (tmp_path / plots.CONFUSION).is_file()


def test_each_line_has_a_colour_of_its_own(tmp_path: Path) -> None:
    lines = {"clean": [80.0, 60.0], "telephone": [75.0, 50.0]}
    plots.curve(tmp_path / "x.png", "Noise", "dB", ["clean", "0"], lines, {"clean": [3.0, 4.0]})
    assert {rgb(colour) for colour in plots.COLOURS[:2]} <= colours(tmp_path / "x.png")


def test_each_group_of_bars_has_a_colour_of_its_own(tmp_path: Path) -> None:
    plots.bars(tmp_path / "x.png", "Sides", ["RAVDESS", "TESS"], {"UA": [80.0, 90.0], "WA": [81.0, 92.0]})
    assert {rgb(colour) for colour in plots.COLOURS[:2]} <= colours(tmp_path / "x.png")


def test_the_same_figures_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        plots.learning_curves(HISTORY, tmp_path / name)
    first, second = ((tmp_path / name / plots.LEARNING_CURVES).read_bytes() for name in ("a", "b"))
    assert first == second and b"matplotlib" not in first.lower()
