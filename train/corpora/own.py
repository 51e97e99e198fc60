"""A user's own clips: a folder with a CSV, or a callmood database with corrected segments.

The CSV has the columns file, label and speaker, and may have gender, text, intensity, agreement, start_s, end_s and
channel; files are looked for beside it. Labels are callmood's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from callmood.errors import CallmoodError
from callmood.pipeline.intake.tables import records
from callmood.store.connection import reading
from callmood.store.corrections import Correction, corrections
from callmood.training.corpora.clip import Clip
from callmood.training.progress import Remark
from callmood.wording import counted

NEEDED = ("file", "label", "speaker")
_GENDERS = {"f": "female", "m": "male", "female": "female", "male": "male", "": None}


def clips(source: Path, report: Remark) -> Iterator[Clip]:
    """The clips of a folder with a CSV, or the corrected segments of a database file.

    Corrected recordings that are gone from their path are counted in a remark. Raises CallmoodError for a clip of the
    CSV that is gone, and for one without a speaker: nobody may be in the training and in the test.
    """
    return _clips_of_csv(source) if source.is_dir() else _corrected_clips(source, report)


def _clips_of_csv(folder: Path) -> Iterator[Clip]:
    tables = sorted(folder.glob("*.csv"))
    if len(tables) != 1:
        raise CallmoodError(
            f"{folder} has {len(tables)} CSV files. It needs one, with the columns {', '.join(NEEDED)}."
        )
    (table,) = tables
    for number, row in enumerate(records(table), start=2):
        yield _clip({name.strip().lower(): cell.strip() for name, cell in row.items()}, table, number)


def _clip(row: dict[str, str], table: Path, number: int) -> Clip:
    where = f"{table}, row {number},"
    lacking = [name for name in NEEDED if not row.get(name)]
    if lacking:
        why = ". Clips are split by speaker, so each needs a speaker's name" * (lacking == ["speaker"])
        raise CallmoodError(f"{where} has no {' and no '.join(lacking)}{why}.")
    path = table.parent / row["file"]
    if not path.is_file():
        raise CallmoodError(f"{where} names {row['file']}, which is not beside it.")
    gender = row.get("gender", "").lower()
    if gender not in _GENDERS:
        raise CallmoodError(f"{where} has the gender {gender}. Use female, male or nothing.")
    channel = _number(row, "channel", where)
    return Clip(
        corpus="own",
        path=path,
        speaker=f"own-{row['speaker']}",
        native=row["label"].lower(),
        intensity=row.get("intensity") or "normal",
        text=row.get("text") or None,
        gender=_GENDERS[gender],
        agreement=_number(row, "agreement", where),
        channel=None if channel is None else int(channel),
        start_s=_number(row, "start_s", where) or 0.0,
        end_s=_number(row, "end_s", where),
    )


def _number(row: dict[str, str], column: str, where: str) -> float | None:
    text = row.get(column, "")
    try:
        number = float(text) if text else None
    except ValueError:
        number = -1.0
    if number is not None and not 0 <= number < float("inf"):
        raise CallmoodError(f"{where} has {text} as {column}, which is not a number of 0 or more.")
    return number


def _corrected_clips(database: Path, report: Remark) -> Iterator[Clip]:
    with reading(database) as con:
        found = corrections(con)
    gone = {one.path for one in found if one.label is not None and not one.path.is_file()}
    if gone:
        report(
            f"left out: {counted(len(gone), 'corrected recording')} whose file is gone, such as {min(gone)}"
        )
    for one in found:
        if one.label is not None and one.path not in gone:
            yield Clip(
                corpus="own",
                path=one.path,
                speaker=f"own-{_speaker(one)}",
                native=one.label,
                text=one.text or None,
                channel=one.channel,
                start_s=one.start_s,
                end_s=one.end_s,
            )


def _speaker(one: Correction) -> str:
    """Who speaks, where the call has a name; without one the speaker is one of this call alone."""
    named = {"agent": one.agent, "customer": one.customer}.get(one.role)
    return f"{one.role} {named}" if named else f"{one.recording_id[:16]} speaker {one.said_by}"
