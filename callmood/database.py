"""A database of scanned calls, for reading and for correcting labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from math import floor
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Final, get_args

from callmood.call import RoleChoice
from callmood.errors import CallmoodError, UsageError
from callmood.settings import load_settings
from callmood.store import (
    Connection,
    Db,
    explained,
    explained_archives,
    find_call,
    is_archive,
    label,
    open_sources,
    reading,
    sources,
    transaction,
    writing,
)
from callmood.store import cursor as cursor_of
from callmood.store.connection import READ_WAIT_S
from callmood.store.corrections import (
    Correction,
    Moment,
    require_label,
    segment_at,
    undo,
)
from callmood.store.corrections import correct as store_correction
from callmood.store.corrections import corrections as stored_corrections
from callmood.store.figures import fill_all_figures

if TYPE_CHECKING:
    import polars as pl

    from callmood.reports.agreement import Agreement
    from callmood.reports.ask import Kind, Question, Report
    from callmood.reports.extracts import Table
    from callmood.reports.page import AudioChoice
    from callmood.reports.page.write import Written
    from callmood.search.find import Found

CALL: Final = "call"
"""The value of ``by`` for the list of calls, or the timeline of one."""


class Database:
    """An open database, read only. Close it, or use it in a ``with``: a scan waits while it is open."""

    def __init__(self, paths: Sequence[Path], connection: Connection) -> None:
        self.paths = tuple(paths)
        self._connection = connection

    def report(
        self,
        by: str = "agent",
        name: str | None = None,
        *,
        filters: Mapping[str, str] | None = None,
        against: str | None = None,
        role: RoleChoice | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        sort: str | None = None,
        limit: int | None = None,
        all_moments: bool = False,
    ) -> Report:
        """The report that ``callmood report`` prints: a frame, the worst moments, and notes on what is left out.

        ``by``: "agent", "queue", "customer", "day", "week", "month", "hour", a column of the metadata table, or "call".
        ``name``: one agent, queue ... only; with ``by="call"`` the timeline of one call, named by its call id, file or
        recording id. ``filters``: only calls with these names, such as ``{"agent": "anna", "queue": "sales"}``.
        ``since`` and ``until``: bounds of the start of calls, the day of ``until`` included; text is what
        ``--since`` takes, such as "monday" or "last week". ``against``: another period to compare each group with, or
        "previous": the one of the same length before ``since``; its figures are the columns that end with ``_before``.
        ``role``: whose mood (default: the customer's; for a single call everyone's). ``sort``: a column, "-column" for
        the largest first. ``limit``: the maximum number of rows. ``all_moments``: all moments in which somebody was
        upset, not only the worst.

        Raises CallmoodError if there are no calls, or none with that name, and UsageError for an unknown column or a
        wrong date.

        >>> report = db.report(by="agent")
        >>> report.rows["name"].to_list()
        ['anna']
        >>> report.notes[0].split(" in which ")[0]
        'Change and ended worse leave out 1 call'
        """
        from callmood.reports.ask import ask

        question = _question(
            by,
            name,
            filters=filters,
            against=against,
            role=role,
            since=since,
            until=until,
            sort=sort,
            limit=limit,
            all_moments=all_moments,
        )
        with self._cursor() as cursor:
            return ask(cursor, question)

    def export(
        self,
        output: str | Path | IO[bytes],
        format: str,
        tables: Sequence[Table] | None = None,
        *,
        call: str | None = None,
        filters: Mapping[str, str] | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        redact: bool = True,
        raw: bool = False,
        partition_by: str | None = None,
    ) -> list[Path]:
        """Write what ``callmood export`` writes, and return the paths of the files.

        ``format``: "parquet", "csv" or "json" for ``tables`` ("calls", "segments", "words", "agents"; default: all),
        or "srt", "vtt", "rttm", "textgrid" or "audacity" for a file for each call. ``output``: a folder; a file or an
        open binary file if it is one table or one ``call``. ``filters``, ``since`` and ``until`` are those of
        ``report``. ``redact``: without what identifies people or opens their accounts, in what is said. ``raw``: in
        CSV, leave text as it is, formulas included. ``partition_by``: a folder for each "day", "week", "month", agent
        ..., in the layout of Hive.

        Raises CallmoodError if there is no such call or none at all, UsageError for what can't be written so, and
        OSError.
        """
        from callmood.reports.extracts import TABLES, Wanted, write
        from callmood.reports.period import bounds, day

        chosen = {name: day(value) if name == "day" else value for name, value in (filters or {}).items()}
        wanted = Wanted(
            format,
            tables or TABLES,
            call,
            chosen,
            *bounds(since, until),
            redact,
            raw,
            partition_by,
        )
        target = Path(output) if isinstance(output, str) else output
        with self._cursor() as cursor:
            return write(cursor, wanted, target)

    def write_page(
        self,
        path: str | Path,
        by: str = "agent",
        name: str | None = None,
        *,
        filters: Mapping[str, str] | None = None,
        against: str | None = None,
        role: RoleChoice | None = None,
        since: str | date | None = None,
        until: str | date | None = None,
        audio: AudioChoice = "none",
        redact: bool = True,
    ) -> Written:
        """Write the page that ``callmood report --html`` writes: one HTML file, which asks nothing of the network.

        The other parameters are those of ``report``. ``audio``: "embed" puts compressed copies of the recordings of
        the most upset calls into it, "link" plays the recordings where they are. ``redact``: whether card numbers,
        accounts, telephone numbers, addresses and names are replaced in transcripts and muted in copies. With more than
        2,000 calls a folder of pages comes beside it. Raises what ``report`` raises, and OSError if a file can't be
        written.
        """
        from callmood.reports.page import write_page
        from callmood.search.topics import find_topics
        from callmood.store.meanings import Filter

        question = _question(by, name, filters=filters, against=against, role=role, since=since, until=until)
        model = load_settings().score.model
        with self._cursor() as cursor:
            return write_page(
                cursor,
                question,
                Path(path),
                model=model,
                audio=audio,
                redact=redact,
                topics_of=lambda ids: find_topics(cursor, Filter(recordings=tuple(ids)), redacted=redact),
            )

    def write_found(
        self,
        path: str | Path,
        found: Found,
        text: str,
        *,
        only: Mapping[str, str] | None = None,
        redact: bool = True,
    ) -> Written:
        """Write the page that ``callmood find --html`` writes: what was ``found``, with the calls that it was said in.

        ``text``: what was looked for. ``only``: what limited the search, such as ``{"role": "customer"}``, to be told
        on the page. ``redact``: as in ``write_page``. Raises UsageError for segments of more than
        2,000 calls, and OSError if the file can't be written.
        """
        from callmood.reports.page import write_found

        with self._cursor() as cursor:
            return write_found(cursor, found, Path(path), text=text, only=only or {}, redact=redact)

    def calls(self) -> pl.DataFrame:
        """One row for each scanned call: the view ``call_summary``, plus a column for each metadata column.

        Columns: ``recording_id``, ``path``, ``agent``, ``customer``, ``call_id``, ``queue``, ``started_at``,
        ``layout``, ``model_id``, ``language`` and ``understood`` (whether the words can be relied on); seconds of talk
        (``duration_s``, ``speech_s``, ``agent_s``, ``customer_s``, ``dead_air_s``, ``longest_silence_s``,
        ``overtalk_s``, ``longest_monologue_s``, ``untranscribed_s``, ``hold_s``), ``speakers``, ``talk_ratio`` (the
        agent's share), ``interruptions_by_agent`` and ``..._by_customer``, ``agent_words_per_minute`` and
        ``customer_...``;
        ``customer_upset`` and ``customer_pleased`` (probabilities of it at any time, with ``..._from_s``: since when),
        ``customer_mood`` (-1 to 1), ``..._mood_start``, ``..._mood_end``, ``..._mood_change``, ``ended_worse``, and
        how many of the segments of ``customer_scored`` are ``customer_angry``, ``customer_negative`` and
        ``customer_uncertain``; of the agent ``agent_upset`` and ``agent_pleased``, ``agent_scored``, ``agent_angry``,
        ``agent_negative``, ``agent_uncertain`` and ``agent_mood``. A metadata column that has one of these names is
        left out.

        >>> db.calls().select("agent", "layout", "ended_worse").row(0)
        ('anna', 'stereo', False)
        """
        calls = self._frame("calls")
        metadata = self._frame("metadata")
        columns = [name for name in metadata["name"].unique().sort() if name not in calls.columns]
        for column in columns:
            values = metadata.filter(metadata["name"] == column).select("recording_id", "value")
            calls = calls.join(values.rename({"value": column}), on="recording_id", how="left")
        return calls

    def segments(self) -> pl.DataFrame:
        """One row for each segment: who says what, when, and in what mood.

        Columns: ``recording_id``, ``segment`` (from 0), ``speaker``, ``role``, ``channel``, ``start_s``, ``end_s``,
        ``text``, ``emotion`` (a label or "uncertain"), ``confidence``, ``mood`` (-1 to 1), ``upset`` and ``pleased``
        (0 to 1), ``evidence`` ("voice", "words", "both" or "correction"), ``quarter`` of the conversation (1 to 4), a
        probability for each label (``angry``, ``calm`` ...), and the same without the
        speaker's baseline (``raw_emotion``, ``raw_angry`` ...).

        >>> db.segments().filter(pl.col("emotion") == "angry").select("role", "start_s").rows()
        [('customer', 4.9...)]
        """
        return self._frame("segments")

    def words(self) -> pl.DataFrame:
        """One row for each word.

        Columns: ``recording_id``, ``segment``, ``word`` (from 0 in its segment), ``speaker``, ``role``, ``text``,
        ``start_s``, ``end_s``, ``probability``.
        """
        return self._frame("words")

    def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The result of a query, read only. ``parameters`` are those that the query names with a dollar sign.

        The query reads the database and nothing else: no other file, no frame of yours, nothing on the network. To
        join the result with a table of your own, use polars, or open the database with DuckDB itself. Raises UsageError
        for more than one query, CallmoodError for one that can't be answered.

        >>> db.sql("SELECT count(*) AS calls FROM recording WHERE agent = $agent", {"agent": "anna"}).item()
        1
        """
        from callmood.reports.frames import frame_of

        with self._cursor() as cursor:
            statements = cursor.extract_statements(query)
            if len(statements) > 1:
                raise UsageError(
                    f"These are {len(statements)} queries, and only one can be answered at a time."
                )
            if any(map(is_archive, self.paths)) and any(map(_may_write, statements)):
                raise UsageError("An archive is asked by SELECT and nothing else.")
            return frame_of(cursor, query, parameters)

    def agreement(self) -> list[Agreement]:
        """How far reviewers agree with the model, on the random share of what they heard, and with each other.

        >>> db.agreement()
        []
        """
        from callmood.reports.agreement import agreement

        with self._cursor() as cursor:
            return agreement(cursor)

    def close(self) -> None:
        """Close the database, so that others, such as a scan, can open it."""
        self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Database({str(label(self.paths))!r})"

    def _frame(self, name: str) -> pl.DataFrame:
        from callmood.reports.frames import large_frame, read_sql

        with self._cursor() as cursor:
            return large_frame(cursor, read_sql(f"frames/{name}"))

    @contextmanager
    def _cursor(self) -> Iterator[Connection]:
        """A cursor of its own for each question, so that several threads may ask at once."""
        import duckdb

        try:
            with (
                explained(label(self.paths), self._connection),
                explained_archives(self.paths),
                cursor_of(self._connection) as cursor,
            ):
                yield cursor
        except duckdb.Error as error:
            raise CallmoodError(f"The database can't answer: {error}") from None


def _question(
    by: str,
    name: str | None,
    *,
    filters: Mapping[str, str] | None,
    against: str | None,
    role: RoleChoice | None,
    since: str | date | None,
    until: str | date | None,
    sort: str | None = None,
    limit: int | None = None,
    all_moments: bool = False,
) -> Question:
    """What is asked for, checked."""
    from callmood.reports.ask import Question
    from callmood.reports.period import bounds, compared_with, day

    if limit is not None and limit < 1:
        raise UsageError("The limit must be 1 or more.")
    if role is not None and role not in get_args(RoleChoice):
        raise UsageError(f"There is no role {role}. Use one of: {', '.join(get_args(RoleChoice))}.")
    kind: Kind = ("calls" if name is None else "call") if by == CALL else "groups"
    if kind == "call" and filters:
        raise UsageError(f"A report on one call takes no other name: leave out {', '.join(filters)}.")
    if kind != "groups" and against is not None:
        raise UsageError("Calls can't be compared with another period. Group them, as with --by agent.")
    first, last = bounds(since, until)
    named = {
        dimension: day(wanted) if dimension == "day" else wanted
        for dimension, wanted in (filters or {}).items()
    }
    return Question(
        kind=kind,
        by=by,
        name=day(name) if name is not None and by == "day" else name,
        filters=named,
        against=None if against is None else compared_with(against, first, last),
        role=role,
        since=first,
        until=last,
        sort=sort,
        limit=limit,
        all_moments=all_moments,
    )


def _may_write(statement: Any) -> bool:
    """Whether it may be more than a question: files of an archive could be replaced by COPY."""
    return str(statement.type).rpartition(".")[2] != "SELECT"


def open(db: Db = None) -> Database:
    """Open a database of scanned calls, read only; by default the one in the settings.

    ``db``: also the folder of an archive, or several databases and archives, which are read as one. A recording that
    several of them hold counts once, as the first database has it.

    Several programs may read at the same time, and while a scan runs, which closes the database between calls: this
    waits for it for some seconds, and the scan waits until you close the database. A database of an older callmood is
    migrated. Raises CallmoodError if it can't be opened, BusyError if another program writes to it for longer.

    >>> with callmood.open(database) as db:
    ...     db.report(by="call").rows.height
    1
    """
    paths = sources(db)
    return Database(paths, open_sources(paths, wait_s=READ_WAIT_S))


def correct(
    call: str,
    at_s: float,
    label: str,
    *,
    speaker: int | None = None,
    by: str | None = None,
    db: str | Path | None = None,
) -> Moment:
    """Correct the label of the segment that is spoken ``at_s`` seconds from the start of a call, and return it.

    ``call``: its call id, file name or recording id. ``speaker``: whose segment, if several people speak at that time.
    ``by``: who says so (default: the name of the user who is logged in). Reports count the corrected label; the scores
    stay as they are. ``callmood.train`` learns from corrections. Raises UsageError for an unknown label, CallmoodError
    if there is no such call or no such segment.

    >>> callmood.correct("2026-11-20_09-14-05_anna_5551234.wav", 6.0, "angry", db=database).role
    'customer'
    """
    require_label(label)
    if not isinstance(at_s, int | float) or not 0 <= at_s < float("inf"):
        raise UsageError(f"{at_s} is not a time: give the seconds from the start of the call.")
    with writing(load_settings({"db": db}).db, must_exist=True) as connection:
        recording_id = find_call(connection, call)
        segment = segment_at(connection, recording_id, at_s, speaker)
        store_correction(connection, recording_id, segment.number, label, by or user_name())
    return segment


def corrections(call: str | None = None, *, db: str | Path | None = None) -> list[Correction]:
    """What people corrected, by call and time: all of it, or that of one call. Raises CallmoodError if there is no
    such call.

    >>> [(one.label, one.model_label) for one in callmood.corrections(db=database)]
    [('angry', ...)]
    """
    with reading(load_settings({"db": db}).db) as connection:
        return stored_corrections(connection, None if call is None else find_call(connection, call))


def undo_corrections(
    call: str, at_s: float | None = None, *, db: str | Path | None = None
) -> list[Correction]:
    """Take back what people corrected on a call, or at ``at_s`` seconds from its start: the model's labels, words and
    speakers count again.

    Returns what was taken back, which may be nothing. Raises CallmoodError if there is no such call.
    """
    with writing(load_settings({"db": db}).db, must_exist=True) as connection:
        of_call = stored_corrections(connection, find_call(connection, call))
        found = [one for one in of_call if at_s is None or floor(one.start_s) <= at_s < one.end_s]
        undo(connection, found)
    return found


def rebuild(*, db: str | Path | None = None) -> int:
    """Work out again what reports read of each call, from what was heard in it; returns the number of calls.

    Needed only after another program has changed the tables: whatever callmood writes keeps it up to date.
    """
    with writing(load_settings({"db": db}).db, must_exist=True) as connection, transaction(connection):
        return fill_all_figures(connection)


def user_name() -> str | None:
    """The name of the user who is logged in; None if the system doesn't tell."""
    from getpass import getuser

    try:
        return getuser()
    except (OSError, KeyError, ImportError):
        return None
