"""Markdown tables of what a scan found on built calls and ordinary recordings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from built_calls import measures
from built_calls.matching import Match, Scanned, match, read_scan
from built_calls.measures import Share, Speech
from built_calls.plan import EMOTIONS
from built_calls.truth import CALLS, ORDINARY, READERS, SPOKEN, TRUTH, Truth, read_truth
from callmood.errors import CallmoodError
from callmood.model.course import UPSET

_GROUPS: Final = {
    "kind": lambda one: one.call.kind,
    "role": lambda one: one.turn.role,
    "gender": lambda one: one.turn.gender,
    "corpus": lambda one: one.turn.corpus,
    "line": measures.line_of,
    "layout": lambda one: one.call.layout,
}
FLAGGED: Final = 0.5
"""Probability from which a call's customer counts as upset."""


def tables(out: Path, database: Path) -> str:
    """All tables. Raises CallmoodError where nothing was built or no call was scanned."""
    truths = {truth.name: truth for truth in read_truth(out / TRUTH)}
    if not truths:
        raise CallmoodError(f"{out} holds no built calls. Make them with calls.py build.")
    scans = read_scan(database)
    calls, others = (out / CALLS).absolute(), (out / ORDINARY).absolute()
    built = [
        (truths[one.path.stem], one) for one in scans if one.path.parent == calls and one.path.stem in truths
    ]
    ordinary = [one for one in scans if one.path.is_relative_to(others)]
    if not built:
        raise CallmoodError(f"{database} holds none of the calls in {out}. Scan them with calls.py scan.")
    matches = [pair for truth, scanned in built for pair in match(truth, scanned.segments)]
    acted = [one for one in matches if one.turn.corpus not in (READERS, SPOKEN)]
    spoken = [one for one in matches if one.turn.words]
    speech, even = measures.ordinary_speech(built, ordinary)
    return "\n\n".join(
        (
            _overview(truths, built, matches),
            _recall(acted),
            _false_alarms(speech, even),
            _label_curve(acted, speech),
            _upset_curve(acted, speech),
            _calls(built, ordinary),
            _kinds(built),
            *([_words(spoken)] if spoken else []),
            _calibration(acted, matches),
            _genders(acted),
        )
    )


def _overview(
    truths: dict[str, Truth], built: Sequence[tuple[Truth, Scanned]], matches: Sequence[Match]
) -> str:
    scans = {truth.name: scanned for truth, scanned in built}
    rows = []
    for title in ("layout", "corpus"):
        for name, own in measures.grouped(matches, _GROUPS[title]).items():
            calls = [scans[call] for call in {one.call.name for one in own}]
            understood = Share(sum(call.understood for call in calls), len(calls))
            heard = [one for one in own if one.heard is not None]
            roles = Share(sum(one.heard.role == one.turn.role for one in heard if one.heard), len(heard))
            cells = (_cell(understood), _cell(Share(len(heard), len(own))), _cell(roles))
            rows.append((f"{title}: {name}", *cells))
    missing = len(truths) - len(built)
    note = f"\n\n{missing} built calls are not in the database." if missing else ""
    return _table("Turns", ("", "calls understood", "turns heard", "with the right role"), rows) + note


def _recall(acted: Sequence[Match]) -> str:
    rows = [_recall_row("all", acted)]
    for title, key in _GROUPS.items():
        rows += [_recall_row(f"{title}: {name}", own) for name, own in measures.grouped(acted, key).items()]
    return _table("Recall of turns", ("", *EMOTIONS, "neutral"), rows)


def _recall_row(name: str, matches: Sequence[Match]) -> tuple[str, ...]:
    return (name, *(_cell(measures.recall(matches, label)) for label in (*EMOTIONS, "neutral")))


def _false_alarms(speech: Sequence[Speech], even: Speech) -> str:
    total = _together(speech)
    rows = [_alarm_row(one) for one in (*speech, total, even)]
    return _table(
        "False alarms: segments that are angry, disgust, fearful or sad where nobody is",
        ("", "minutes of speech", "segments", *UPSET, "all", "an hour", "95 %"),
        rows,
    )


def _alarm_row(one: Speech) -> tuple[str, ...]:
    alarms, hours = one.false_alarms(), one.seconds / 3600
    counts = (f"{sum(segment.label == label for segment in one.segments)}" for label in UPSET)
    return (
        one.name,
        f"{one.seconds / 60:.1f}",
        f"{len(one.segments)}",
        *counts,
        f"{alarms}",
        *_rate(alarms, hours),
    )


def _together(speech: Iterable[Speech]) -> Speech:
    total = Speech("**all ordinary speech**")
    for one in speech:
        total.seconds += one.seconds
        total.segments += one.segments
    return total


def _rate(count: int, hours: float) -> tuple[str, str]:
    if not hours:
        return "–", "–"
    low, high = measures.poisson_interval(count, hours)
    return f"{count / hours:.1f}", f"{low:.1f} to {high:.1f}"


def _label_curve(acted: Sequence[Match], speech: Sequence[Speech]) -> str:
    total, rows = _together(speech), []
    for threshold in measures.THRESHOLDS:
        alarms = sum(measures.label_at(one, threshold) in UPSET for one in total.segments)
        shares = (
            _percent(
                Share(
                    sum(measures.label_at(one.heard, threshold) == label for one in own),
                    len(own),
                )
            )
            for label in EMOTIONS
            for own in [[one for one in acted if one.turn.label == label]]
        )
        rows.append((f"{threshold}", _rate(alarms, total.seconds / 3600)[0], *shares))
    return _table(
        "Recall of turns against false alarms, by the threshold on what a segment says alone",
        ("threshold", "false alarms an hour", *EMOTIONS),
        rows,
    )


def _upset_curve(acted: Sequence[Match], speech: Sequence[Speech]) -> str:
    total, rows = _together(speech), []
    upset = [one for one in acted if one.turn.upset]
    even = [one for one in acted if one.turn.even]

    def reached(matches: Sequence[Match], threshold: float) -> str:
        return _percent(
            Share(
                sum(one.heard is not None and one.heard.upset >= threshold for one in matches), len(matches)
            )
        )

    for threshold in measures.UPSET_THRESHOLDS:
        alarms = sum(one.upset >= threshold for one in total.segments)
        rate = _rate(alarms, total.seconds / 3600)[0]
        labels = (reached([one for one in upset if one.turn.label == label], threshold) for label in UPSET)
        rows.append((f"{threshold}", rate, reached(even, threshold), reached(upset, threshold), *labels))
    return _table(
        "Upset turns against false alarms, by the threshold on upset",
        ("threshold", "false alarms an hour", "even turns of actors", "upset turns", *UPSET),
        rows,
    )


def _calls(built: Sequence[tuple[Truth, Scanned]], ordinary: Sequence[Scanned]) -> str:
    flags = [measures.flag(truth, scanned) for truth, scanned in built]
    upset = [one for one in flags if one.true_from is not None]
    quiet = [one for one in flags if one.true_from is None]
    plain = [one.upset for one in ordinary if one.segments]
    rows = []
    for threshold in measures.UPSET_THRESHOLDS:
        found = sum(one.upset >= threshold for one in upset)
        wrong = sum(one.upset >= threshold for one in quiet)
        rows.append(
            (
                f"{threshold}",
                _cell(Share(found, len(upset))),
                _percent(Share(found, found + wrong)),
                _cell(Share(wrong, len(quiet))),
                _cell(Share(sum(value >= threshold for value in plain), len(plain))),
            )
        )
    columns = (
        "threshold",
        "upset customers found",
        "precision",
        "other built calls flagged",
        "ordinary flagged",
    )
    table = _table('"This customer got upset", by call', columns, rows)
    late = measures.early([one for one in upset if one.upset >= FLAGGED])
    if not late:
        return table
    low, middle, high = np.percentile(late, (25, 50, 75))
    return f"{table}\n\nFound {middle:.0f} s after the mood began (quartiles {low:.0f} and {high:.0f} s)."


def _kinds(built: Sequence[tuple[Truth, Scanned]]) -> str:
    """Upset calls that were found, and others that were flagged wrongly, by how the mood goes and whose it is."""
    flags: dict[str, list[measures.Flag]] = {}
    for truth, scanned in built:
        upset = "upset" if truth.emotion in UPSET else truth.emotion
        flags.setdefault(f"{truth.kind}, {upset} {truth.moody}", []).append(measures.flag(truth, scanned))
    rows = []
    for name, own in sorted(flags.items()):
        flagged = _cell(Share(sum(one.upset >= FLAGGED for one in own), len(own)))
        rows.append((name, flagged, "yes" if own[0].true_from is not None else "no"))
    return _table(
        f"Calls whose customer is upset from {FLAGGED} on, by kind", ("", "flagged", "in truth"), rows
    )


def _words(spoken: Sequence[Match]) -> str:
    rows = []
    for words, own in measures.grouped(spoken, lambda one: one.turn.words).items():
        heard = [one.heard for one in own if one.heard is not None]
        negative = sum(one.label in UPSET for one in heard)
        upset = sum(one.upset >= FLAGGED for one in heard)
        cells = (_cell(Share(count, len(own))) for count in (len(heard), negative, upset))
        rows.append((words, *cells))
    columns = ("", "heard", "angry, disgust, fearful or sad", "upset")
    return _table("Sentences in even voices, by what they say", columns, rows)


def _calibration(acted: Sequence[Match], matches: Sequence[Match]) -> str:
    rows = [("all turns", f"{measures.calibration(matches):.1f}")]
    rows.append(("turns of actors", f"{measures.calibration(acted):.1f}"))
    for corpus, own in measures.grouped(acted, _GROUPS["corpus"]).items():
        rows.append((corpus, f"{measures.calibration(own):.1f}"))
    return _table("Calibration error of turns, in points", ("", "ECE"), rows)


def _genders(acted: Sequence[Match]) -> str:
    rows = []
    for false_alarms in measures.GENDER_FALSE_ALARMS:
        women, men = (
            measures.upset_recall_at([one for one in acted if one.turn.gender == gender], false_alarms)
            for gender in ("female", "male")
        )
        gap = "–" if not women.total or not men.total else f"{100 * (women.rate - men.rate):+.0f} points"
        rows.append((f"{100 * false_alarms:.0f} %", _cell(women), _cell(men), gap))
    return _table(
        "Upset turns found at the same share of even turns that are called upset",
        ("even turns called upset", "women", "men", "difference"),
        rows,
    )


def _cell(share: Share) -> str:
    return f"{_percent(share)} of {share.total}" if share.total else "–"


def _percent(share: Share) -> str:
    return "–" if math.isnan(share.rate) else f"{100 * share.rate:.0f} %"


def _table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
