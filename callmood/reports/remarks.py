"""What stands under a report: one line, or on request how to read it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callmood.reports.ask import Report
from callmood.reports.columns import Sheet
from callmood.wording import NONE, percent

_CAUTION: Final = "Emotion detection makes mistakes: listen before you judge."


def remarks(report: Report, sheets: Sequence[Sheet], explain: bool) -> list[str]:
    """The lines under a report: one and what must be said, or with ``explain`` everything."""
    unknown = [f"{NONE} means not known."] if _has_gaps(sheets) else []
    if explain:
        return [*report.notes, *_explain(report), *unknown, _CAUTION]
    left_out = [note.brief for note in report.remarks if note.brief]
    line = [
        *([f"Not in every figure: {', '.join(left_out)}."] if left_out else []),
        *unknown,
        _CAUTION,
        "--explain says more.",
    ]
    return [*(note.sentence for note in report.remarks if not note.brief), " ".join(line)]


def _has_gaps(sheets: Iterable[Sheet]) -> bool:
    return any(
        NONE in column.cell(row).split() for sheet in sheets for row in sheet.rows for column in sheet.columns
    )


def _explain(report: Report) -> Iterator[str]:
    question = report.question
    whose = {"customer": "Customer", "agent": "Agent", "all": "Everyone's"}[question.role or "customer"]
    yield (
        "Upset: a listener would call the speaker annoyed, angry or distressed, with a probability of "
        f"{percent(report.limits['likely_from'])} or more; pleased: glad. Evidence: what speaks for it."
    )
    yield "Who is not known to be the agent counts as the customer."
    yield (
        f"{whose} mood: −1 = angry, 0 = neutral, +1 = happy. Start and end are the first and last quarter of the "
        "conversation."
    )
    if question.kind == "call":
        return
    if question.kind == "groups":
        yield (
            "Figures are averages per call. A change is better or worse only if its 95 % interval leaves out 0; with "
            "fewer than 5 calls (few calls) there is no such interval."
        )
    yield (
        f"Ended worse: the mood fell by {report.limits['worse_by']:g} or more, to below 0. "
        f"Dead air: silences of {report.limits['dead_air_from_s']:g} s or more. Overtalk: both speak at once."
    )
    yield (
        "Interrupts: the agent begins while the other speaks, and goes on when the other has ended. "
        "Unsure: segments whose mood the model can't tell."
    )
    if report.group_categories is not None and report.group_categories.height:
        yield (
            "Categories by group: more and fewer stand where the 95 % interval of the difference from all others "
            "together leaves out 0. By chance alone that is one comparison in twenty."
        )
    if question.sort is None:
        in_order = question.kind == "groups" and question.by in ("day", "week", "month", "hour")
        yield f"{'Earliest' if in_order else 'Most upset'} first; --sort COLUMN for another order."
