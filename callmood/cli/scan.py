"""`callmood scan`: recordings in, DuckDB tables out."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from callmood.call import Call, ChannelChoice, Device, Engine, Failure, Outcome, Rescored, RoleChoice
from callmood.cli.output import say
from callmood.remote import checked_path
from callmood.wording import counted, extensions_named, length

if TYPE_CHECKING:
    from callmood.batch.run import Progress
    from callmood.batch.summary import Rescoring, Summary

FAILURES_SHOWN = 5
"""Failures listed per reason in the closing summary."""
LINE_EVERY_S = 30.0
"""Seconds between two lines of progress where there is no terminal."""


def scan(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Recordings, or folders to search for them, also in buckets (s3://BUCKET/FOLDER).",
            parser=checked_path,
            metavar="PATHS...",
            show_default=False,
        ),
    ],
    db: Annotated[
        Path | None, typer.Option(help="The DuckDB file to write (default: callmood.duckdb).")
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="How long to wait for other programs that use the database (default: 60).",
        ),
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(help="A CSV, JSON or Parquet table of calls, joined by file name or call id."),
    ] = None,
    name_pattern: Annotated[
        str | None,
        typer.Option(
            help="A regular expression for file names; groups: agent, customer, call_id, queue, started_at."
        ),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(
            help="Format of the start times in the table, such as '%d/%m/%Y %H:%M' (default: recognized)."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            help="Time zone of the calls, such as Europe/Berlin; times with a zone are converted to it "
            "(default: this machine's)."
        ),
    ] = None,
    quiet_for: Annotated[
        float | None,
        typer.Option(
            help="Seconds for which a file must not have changed; one that still changes waits for the next scan "
            "(default: 5)."
        ),
    ] = None,
    agent_channel: Annotated[
        ChannelChoice | None,
        typer.Option(
            help="Which channel the agent is on in stereo recordings (default: detected from the greeting)."
        ),
    ] = None,
    speakers: Annotated[
        int | None,
        typer.Option(help="Number of speakers in mono recordings (default: detected, usually two)."),
    ] = None,
    diarizer: Annotated[
        str | None,
        typer.Option(
            help="Folder of a pyannote pipeline, or the name of a downloaded one (default: embedded)."
        ),
    ] = None,
    asr: Annotated[
        str | None,
        typer.Option(
            help="Folder of a faster-whisper model, or the name of a downloaded one (default: tiny.en)."
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            help="Language of the calls, such as es, or auto to find that of each call (default: English with tiny.en)."
        ),
    ] = None,
    vocabulary: Annotated[
        Path | None,
        typer.Option(help="A text file with names and products that calls may hold, one a line."),
    ] = None,
    align: Annotated[
        bool | None,
        typer.Option(
            "--align",
            help="Find the times of words by forced alignment, with a model that you have fetched.",
            show_default=False,
        ),
    ] = None,
    align_model: Annotated[
        str | None,
        typer.Option(
            help="Folder of a wav2vec 2.0 model for --align, or the name of a downloaded one "
            "(default: WhisperX's for each language)."
        ),
    ] = None,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact",
            help="Store what is said without card and account numbers, telephone numbers, e-mail addresses, names and "
            "the like.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Folder of an emotion model made by train, or open (default: embedded)."),
    ] = None,
    roles: Annotated[
        RoleChoice | None, typer.Option(help="Whose emotions to score. Some laws forbid scoring employees.")
    ] = None,
    keep_vectors: Annotated[
        bool | None,
        typer.Option(
            "--keep-vectors",
            help="Store what the emotion model's encoders made of segments, so that --rescore needs no sound: 17 MB an "
            "hour of speech.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        Device | None, typer.Option(help="Where models run (default: a GPU if there is one).")
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(help="Work on this machine (default), or on those of a Ray cluster (callmood[ray])."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Number of processes (default: one per core, or per GPU).")
    ] = None,
    gpus: Annotated[
        int | None,
        typer.Option(
            help="Number of GPUs to use, each fed by processes on the other cores. New, and not yet measured on a GPU "
            "(default: all GPUs, with a process each)."
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Retry recordings that failed before.")
    ] = False,
    include_forgotten: Annotated[
        bool, typer.Option("--include-forgotten", help="Scan recordings again that were forgotten.")
    ] = False,
    rescore: Annotated[
        bool,
        typer.Option("--rescore", help="Score stored calls again with the model, without transcribing."),
    ] = False,
    retranscribe: Annotated[
        bool,
        typer.Option(
            "--retranscribe", help="Re-transcribe calls that were transcribed with a different model."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each recording, and a summary.")
    ] = False,
) -> None:
    """Scan recordings: speakers, words and moods into DuckDB.

    Recordings that are stored already are skipped. Others can read the database meanwhile.

    Exit code 0: all went well; 3: some recordings failed; 1: nothing could be done; 2: wrong usage; 4: another program
    uses the database; 130: stopped by Ctrl-C, SIGTERM or a closed terminal, with all that was scanned stored. Empty
    files and files without sound don't count as failed, nor does what failed before.
    """
    import callmood
    from callmood.settings import load_settings

    database = load_settings({"db": db}).db
    with _display(as_json) as show:
        summary = callmood.scan(
            paths,
            retry_failed=retry_failed,
            include_forgotten=include_forgotten,
            rescore=rescore,
            retranscribe=retranscribe,
            progress=show,
            db=db,
            wait=wait,
            metadata=metadata,
            name_pattern=name_pattern,
            time_format=time_format,
            timezone=timezone,
            quiet_for=quiet_for,
            agent_channel=agent_channel,
            speakers=speakers,
            diarizer=diarizer,
            asr=asr,
            language=language,
            vocabulary=vocabulary,
            align=align,
            align_model=align_model,
            redact=redact,
            model=model,
            roles=roles,
            keep_vectors=keep_vectors,
            device=device,
            engine=engine,
            workers=workers,
            gpus=gpus,
        )
    if as_json:
        print(json.dumps({"summary": summary.as_dict()}))
    else:
        _summarise(summary, database)
    if summary.is_alarming:
        raise typer.Exit(3 if summary.done or summary.skipped else 1)


@contextmanager
def _display(as_json: bool) -> Iterator[Callable[[Progress], None]]:
    """Yields what shows progress while a scan runs: lines of JSON, a bar on a terminal, or plain lines."""
    begun: list[Summary] = []
    shown = _nothing() if as_json else _bar() if sys.stderr.isatty() else _lines()
    try:
        with shown as update:

            def show(progress: Progress) -> None:
                if not begun:
                    begun.append(progress.summary)
                    if not as_json:
                        _announce(progress.summary)
                found_unreadable = progress.outcome is not None and progress.summary.seen == 0
                if progress.summary.total and not found_unreadable:
                    update(progress)
                if as_json and progress.outcome is not None:
                    print(json.dumps(_as_json_line(progress.outcome)), flush=True)

            yield show
    except KeyboardInterrupt:
        done = begun[0].done if begun else 0
        raise KeyboardInterrupt(
            f"Stopped: {counted(done, 'recording is', 'recordings are')} stored. "
            "Run the same command again to resume."
        ) from None


@contextmanager
def _nothing() -> Iterator[Callable[[Progress], None]]:
    yield lambda _: None


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    """A bar over the recordings' bytes, drawn again several times a second, also while nothing is finished."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task
    from rich.progress import Progress as Bar
    from rich.text import Text

    class State(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(_state(task.fields["progress"], time.monotonic()))

    console = Console(stderr=True)
    with Bar(SpinnerColumn(), BarColumn(bar_width=30), State(), console=console, transient=True) as bar:

        def update(progress: Progress) -> None:
            if not bar.task_ids:
                bar.add_task("", total=progress.summary.bytes_total, progress=progress)
            bar.update(bar.task_ids[0], completed=progress.summary.bytes_seen, progress=progress)

        yield update


@contextmanager
def _lines() -> Iterator[Callable[[Progress], None]]:
    """A line when the work begins, with the first call, and then every half minute."""
    next_s = 0.0

    def update(progress: Progress) -> None:
        nonlocal next_s
        now = time.monotonic()
        if now >= next_s and progress.summary.seen < progress.summary.total:
            say(_state(progress, now), file=sys.stderr)
            next_s = now + LINE_EVERY_S if progress.outcome is not None else now

    yield update


def _state(progress: Progress, now: float) -> str:
    """How far a scan is: "12 of 100 recordings, 24 min of audio, RTFx 9, 3 min left"."""
    summary, estimate = progress.summary, progress.estimate
    if not summary.seen and estimate.is_loading:
        return "loading the models"
    parts = [f"{summary.seen:,} of {counted(summary.total, 'recording')}"]
    if summary.failed > summary.unreadable:
        parts.append(f"{summary.failed - summary.unreadable:,} failed")
    parts += [f"{length(summary.audio_s)} of audio", f"RTFx {summary.rtfx:.0f}"]
    remaining_s = estimate.remaining_s(now)
    if remaining_s is not None:
        parts.append(f"{length(remaining_s)} left")
    return ", ".join(parts)


def _announce(summary: Summary) -> None:
    parts = [counted(summary.total, "recording to scan", "recordings to scan")]
    if summary.skipped:
        parts.append(counted(summary.skipped, "is stored already", "are stored already"))
    if summary.stale_scores:
        parts.append(
            counted(summary.stale_scores, "of them was", "of them were")
            + " scored by another model, for other roles or by an older callmood (score again with --rescore)"
        )
    if summary.stale_transcripts:
        parts.append(
            counted(summary.stale_transcripts, "of them was", "of them were")
            + " transcribed with another model (transcribe again with --retranscribe)"
        )
    if summary.failed_earlier:
        parts.append(f"{summary.failed_earlier} failed earlier (retry with --retry-failed)")
    if summary.forgotten:
        parts.append(
            counted(summary.forgotten, "was", "were") + " forgotten (scan again with --include-forgotten)"
        )
    if summary.archived:
        parts.append(counted(summary.archived, "is", "are") + " in an archive")
    if summary.waiting:
        parts.append(
            counted(len(summary.waiting), "is", "are") + " still being written (left for the next scan)"
        )
    if summary.copies:
        parts.append(counted(summary.copies, "duplicate file", "duplicate files") + " skipped")
    if summary.passed_over:
        parts.append(_passed_over(summary.passed_over))
    say("; ".join(parts) + ".", file=sys.stderr)


def _passed_over(files: Mapping[str, int]) -> str:
    count = counted(sum(files.values()), "other file", "other files")
    return f"{count} passed over ({extensions_named(files)})"


_ORIGINS: Final = ("metadata table", "name pattern", "file name", "folder")


def _agents(known_from: Mapping[str, int]) -> str:
    """Where the agents of the recordings are known from, in a sentence or two."""
    parts = [f"{origin} {known_from[origin]:,}" for origin in _ORIGINS if known_from.get(origin)]
    known = f"Agents known from: {', '.join(parts)}." if parts else ""
    if not (unknown := known_from.get("unknown", 0)):
        return known
    of_unknown = (
        f"No agent is known of {counted(unknown, 'recording')}: give a table of calls with --metadata, or say "
        "where names have the agent with --name-pattern."
    )
    return f"{known} {of_unknown}".strip()


def _as_json_line(outcome: Outcome) -> dict[str, object]:
    """One outcome as JSON for machines, never with what was said."""
    if isinstance(outcome, Failure):
        known = {"recording": outcome.recording.id} if outcome.recording else {}
        why = {"reason": outcome.reason, "error": outcome.error}
        state = "changed" if outcome.is_passing else "failed"
        return {**known, "path": str(outcome.path), "state": state, **why}
    recording = outcome.recording
    facts: dict[str, object] = {
        "recording": recording.id,
        "path": str(recording.path),
        "state": "done",
        "agent": recording.facts.agent,
        "call_id": recording.facts.call_id,
        "duration_s": round(outcome.duration_s, 2),
    }
    if not isinstance(outcome, Call):
        return facts | {
            "rescored": True,
            "segments": len(outcome.scores),
            "moods": _moods(outcome),
            "warnings": list(outcome.warnings),
        }
    return facts | {
        "layout": outcome.layout,
        "roles": {speaker.role: speaker.decided_by for speaker in outcome.speakers},
        "segments": len(outcome.segments),
        "moods": _moods(outcome),
        "dropped": dict(outcome.dropped),
        "language": outcome.language,
        "understood": outcome.understood,
        "warnings": list(outcome.warnings),
    }


def _moods(outcome: Call | Rescored) -> list[dict[str, object]]:
    """Whether each speaker got upset or pleased, and when; none of a call that was not understood."""
    if isinstance(outcome, Call) and not outcome.understood:
        return []
    roles = {one.index: one.role for one in outcome.speakers} if isinstance(outcome, Call) else {}
    return [
        {
            "speaker": speaker,
            **({"role": roles[speaker]} if speaker in roles else {}),
            "upset": round(moods.upset, 4),
            "upset_from_s": moods.upset_from_s,
            "pleased": round(moods.pleased, 4),
            "pleased_from_s": moods.pleased_from_s,
        }
        for speaker, moods in sorted(outcome.moods.items())
    ]


def _summarise(summary: Summary, db: Path) -> None:
    """The closing summary: what was done, what failed and why, what to type next."""
    if not summary.total and not summary.failures:
        say("Nothing new to scan.")
    else:
        _summarise_work(summary)
    _summarise_files(summary, db)
    for note in (*summary.notes, *summary.warnings[:FAILURES_SHOWN]):
        say(f"note: {note}")
    if len(summary.warnings) > FAILURES_SHOWN:
        more = counted(len(summary.warnings) - FAILURES_SHOWN, "more warning is", "more warnings are")
        say(f"note: {more} stored in the table recording")
    if summary.agents:
        say(_agents(summary.agents))
    if summary.done or summary.skipped:
        say(f"Stored in {db}; next: callmood report --agent{_db_option(db)}")


def _summarise_work(summary: Summary) -> None:
    say(
        f"{counted(summary.done, 'recording', 'recordings')} scanned "
        f"({length(summary.audio_s)} of audio, {counted(summary.segments, 'segment', 'segments')}) "
        f"in {length(summary.wall_s)}, RTFx {summary.rtfx:.0f}."
    )
    if summary.rescored is not None:
        say(_rescored(summary.rescored))
    for reason, failures in sorted(summary.failures.items(), key=lambda item: -len(item[1])):
        _list(f"{len(failures)} failed, {reason}:", failures)


def _rescored(how: Rescoring) -> str:
    """How calls were scored again: "Scored again: 90 calls from stored vectors, 10 decoded (8 without vectors ...)."""
    decoded = how.without_vectors + how.other_vectors
    why = [
        f"{count:,} {what}"
        for count, what in (
            (how.without_vectors, "without vectors"),
            (how.other_vectors, "with vectors of other encoders"),
        )
        if count
    ]
    reasons = f" ({', '.join(why)})" if why else ""
    hint = "; --keep-vectors keeps them" if how.without_vectors else ""
    return f"Scored again: {how.from_vectors:,} from stored vectors, {decoded:,} decoded{reasons}{hint}."


def _summarise_files(summary: Summary, db: Path) -> None:
    """What became of files since they were found or scanned."""
    if summary.changed:
        _list(f"{len(summary.changed)} changed while they were scanned; scan again:", summary.changed)
    if summary.replaced:
        _list(
            counted(len(summary.replaced), "stored call was", "stored calls were")
            + " replaced, because the file has new content:",
            summary.replaced,
        )
    if summary.gone:
        _list(
            counted(len(summary.gone), "stored call has", "stored calls have")
            + f" no file any more, and stay in reports; callmood forget FILE{_db_option(db)} removes one:",
            summary.gone,
        )


def _list(heading: str, lines: Sequence[str]) -> None:
    """Prints the first of some lines."""
    say(heading)
    for line in lines[:FAILURES_SHOWN]:
        say(f"  {line}")
    if len(lines) > FAILURES_SHOWN:
        say(f"  and {len(lines) - FAILURES_SHOWN:,} more")


def _db_option(db: Path) -> str:
    """What a command needs to find the database, if it is not the one in the settings."""
    from callmood.settings import load_settings

    return "" if db == load_settings().db else f" --db {shlex.quote(str(db))}"
