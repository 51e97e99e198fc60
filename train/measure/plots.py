"""Plots of a run and of a study, as PNG: learning curves, confusions, lines and bars of percentages.

The same numbers give the same bytes: no date, machine or version gets into a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEARNING_CURVES: Final = "learning_curves.png"
CONFUSION: Final = "confusion.png"

Series = Mapping[str, Sequence[float]]
"""Values by the name of their line or bar."""

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which colour-blind people can distinguish."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
MARKED_POINTS: Final = 30
"""A line of more points has no markers, which would hide it."""
DOTS_PER_INCH: Final = 120
LOSSES: Final = {"loss": "training", "validation_loss": "validation"}
ACCURACIES: Final = {"validation_ua": "UA", "validation_wa": "WA"}


def learning_curves(history: Sequence[Mapping[str, float]], folder: Path) -> None:
    """Draw the losses and the validation's UA and WA by epoch to learning_curves.png; nothing without a history.

    ``history``: rows with "epoch" and any of "loss", "validation_loss", "validation_ua", "validation_wa" (percent).
    """
    from matplotlib.ticker import MaxNLocator

    panels = [(title, names) for title, names in (("loss", LOSSES), ("validation, percent", ACCURACIES))]
    panels = [
        (title, names) for title, names in panels if any(name in row for row in history for name in names)
    ]
    if not panels:
        return
    figure, axes = _panels(len(panels), 4.2, 3.2)
    for axis, (title, names) in zip(axes, panels, strict=True):
        for number, (name, called) in enumerate(names.items()):
            known = [row for row in history if name in row and "epoch" in row]
            _line(axis, number, [row["epoch"] for row in known], [row[name] for row in known], called)
        axis.set(title=title, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(frameon=False)
    _save(figure, folder / LEARNING_CURVES)


def confusion(counts: Sequence[Sequence[float]], labels: Sequence[str], folder: Path) -> None:
    """Draw clips by true label (rows) and predicted label (columns) to confusion.png, shaded by share of the row."""
    import numpy as np

    clips = np.asarray(counts, dtype=float)
    portions = clips / np.maximum(clips.sum(axis=1, keepdims=True), 1)
    size = 1.6 + 0.62 * len(labels)
    figure, (axis,) = _panels(1, size, size)
    axis.imshow(portions, cmap="Blues", vmin=0, vmax=1)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    axis.set(xticks=range(len(labels)), yticks=range(len(labels)), yticklabels=labels)
    axis.set_xticklabels(labels, rotation=45, ha="right", rotation_mode="anchor")
    axis.set(xlabel="predicted label", ylabel="true label")
    for row, column in np.ndindex(*clips.shape):
        portion = portions[row, column]
        axis.text(
            column,
            row,
            f"{clips[row, column]:.0f}\n{100 * portion:.0f} %" if clips[row, column] >= 0.5 else "",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if portion > 0.6 else "black",
        )
    _save(figure, folder / CONFUSION)


def curve(
    path: Path,
    title: str,
    x_name: str,
    x: Sequence[float] | Sequence[str],
    lines: Series,
    spread: Series | None = None,
) -> None:
    """Draw ``lines`` (percent) over ``x`` to ``path``; ``x`` may be names, in their order.

    ``spread``: half the height of the error bars of a line, by its name.
    """
    figure, (axis,) = _panels(1, 6.0, 3.8)
    for number, (name, values) in enumerate(lines.items()):
        _line(axis, number, x, values, name, (spread or {}).get(name))
    axis.set(title=title, xlabel=x_name, ylabel="percent")
    _legend(axis, len(lines))
    _save(figure, path)


def bars(path: Path, title: str, names: Sequence[str], groups: Series, spread: Series | None = None) -> None:
    """Draw to ``path`` a bar (percent) of each of ``groups`` side by side over each of ``names``.

    ``spread``: half the height of the error bars of a group, by its name.
    """
    import numpy as np

    width = 0.8 / len(groups)
    figure, (axis,) = _panels(1, max(5.0, 1.6 + 0.45 * len(names) * len(groups)), 3.8)
    for number, (name, values) in enumerate(groups.items()):
        at = np.arange(len(names)) + (number - (len(groups) - 1) / 2) * width
        drawn = axis.bar(
            at,
            values,
            0.92 * width,
            yerr=(spread or {}).get(name),
            label=name,
            color=COLOURS[number % len(COLOURS)],
            error_kw={"elinewidth": 1, "ecolor": "#333333"},
        )
        axis.bar_label(drawn, fmt="%.0f", padding=2, fontsize=8)
    axis.set(title=title, ylabel="percent", xticks=range(len(names)))
    axis.set_xticklabels([name.replace(" ", "\n") for name in names])
    axis.margins(y=0.1)
    _legend(axis, len(groups))
    _save(figure, path)


def _panels(count: int, width: float, height: float) -> tuple[Figure, Sequence[Axes]]:
    """A figure of panels side by side, each so many inches wide and high."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(count * width, height), layout="constrained")
    axes: list[Axes] = list(figure.subplots(1, count, squeeze=False)[0])
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#dddddd")
        axis.set_axisbelow(True)
    return figure, axes


def _line(
    axis: Axes,
    number: int,
    x: Sequence[float] | Sequence[str],
    values: Sequence[float],
    name: str,
    spread: Sequence[float] | None = None,
) -> None:
    if not len(values):
        return
    axis.errorbar(
        x,
        values,
        yerr=spread,
        label=name,
        color=COLOURS[number % len(COLOURS)],
        marker=MARKERS[number % len(MARKERS)] if len(values) <= MARKED_POINTS else None,
        markersize=5,
        linewidth=1.6,
        elinewidth=1,
        capsize=2,
    )


def _legend(axis: Axes, entries: int) -> None:
    if entries > 1:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0, frameon=False)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
