"""`callmood scan`: recordings in, DuckDB tables out."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from callmood.wording import counted

if TYPE_CHECKING:
    from callmood.batch.run import Plan, Tally
    from callmood.pipeline.intake.discover import Unreadable
    from callmood.pipeline.pipeline import Failure, Outcome

Channel = Literal["auto", "left", "right"]
Roles = Literal["all", "agent", "customer"]
Device = Literal["auto", "cpu", "cuda", "mps"]

FAILURES_SHOWN = 5
"""File names listed for each reason in the closing summary."""


def scan(
    paths: Annotated[
        list[Path], typer.Argument(help="Recordings, or folders to walk for them.", show_default=False)
    ],
    db: Annotated[
        Path | None, typer.Option(help="The DuckDB file to write (default: callmood.duckdb).")
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
    agent_channel: Annotated[
        Channel | None, typer.Option(help="Where a stereo recording has the agent (default: who greets).")
    ] = None,
    speakers: Annotated[
        int | None, typer.Option(help="Speakers on a mono recording (default: found, two preferred).")
    ] = None,
    diarizer: Annotated[
        str | None, typer.Option(help="A pyannote pipeline, by hub name or folder (default: embedded).")
    ] = None,
    asr: Annotated[
        str | None, typer.Option(help="A faster-whisper model, by name or folder (default: tiny.en).")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language of the calls, such as en.")] = None,
    model: Annotated[
        str | None, typer.Option(help="Folder of an emotion model made by train (default: embedded).")
    ] = None,
    roles: Annotated[
        Roles | None, typer.Option(help="Whose emotions are scored. Some laws forbid scoring employees.")
    ] = None,
    device: Annotated[
        Device | None, typer.Option(help="Where models run (default: a GPU if there is one).")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes (default: one a core, or one a GPU).")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed earlier.")
    ] = False,
    rescore: Annotated[
        bool,
        typer.Option("--rescore", help="Score stored calls again with the model; nothing is transcribed."),
    ] = False,
    retranscribe: Annotated[
        bool,
        typer.Option("--retranscribe", help="Transcribe again what another recogniser transcribed."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON a recording and one summary on standard output.")
    ] = False,
) -> None:
    """Scan recordings: speakers, words and moods into DuckDB.

    Recordings that are stored already are skipped. Exit code 0: all went well; 3: some recordings failed;
    1: nothing could be done.
    """
    from callmood.batch.run import carry_out, open_plan
    from callmood.settings import load_settings

    settings = load_settings(
        {
            "db": db,
            "discover.metadata": metadata,
            "discover.name_pattern": name_pattern,
            "speakers.agent_channel": agent_channel,
            "speakers.speakers": speakers,
            "speakers.diarizer": diarizer,
            "transcribe.asr": asr,
            "transcribe.language": language,
            "score.model": model,
            "score.roles": roles,
            "engine.device": device,
            "engine.workers": workers,
        }
    )
    with open_plan(
        paths, settings, retry_failed=retry_failed, rescore=rescore, retranscribe=retranscribe
    ) as plan:
        tally = plan.tally
        if not as_json:
            _announce(plan)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with _progress(plan, quiet=as_json or not sys.stderr.isatty()) as show:
                if as_json:
                    for line in plan.unreadable:
                        print(
                            json.dumps(
                                {"path": str(line.path), "state": "failed"} | _why(line), ensure_ascii=False
                            )
                        )
                for outcome in carry_out(plan):
                    show(tally)
                    if as_json:
                        print(json.dumps(_line(outcome), ensure_ascii=False), flush=True)
        except KeyboardInterrupt:
            print(
                f"Stopped: {counted(tally.done, 'recording is', 'recordings are')} stored; "
                "the same command goes on from there.",
                file=sys.stderr,
            )
            raise typer.Exit(130) from None
    if as_json:
        print(json.dumps({"summary": tally.as_dict()}, ensure_ascii=False))
    else:
        _summarise(tally, settings.db)
    if tally.failures:
        raise typer.Exit(3 if tally.done or tally.skipped else 1)


def _announce(plan: Plan) -> None:
    tally = plan.tally
    parts = [counted(tally.total, "recording to scan", "recordings to scan")]
    if tally.skipped:
        parts.append(counted(tally.skipped, "is stored already", "are stored already"))
    if tally.scored_otherwise:
        parts.append(
            counted(tally.scored_otherwise, "of them was", "of them were")
            + " scored by another model or for other roles (score anew with --rescore)"
        )
    if tally.transcribed_otherwise:
        parts.append(
            counted(tally.transcribed_otherwise, "of them was", "of them were")
            + " transcribed by another recogniser (transcribe anew with --retranscribe)"
        )
    if tally.failed_earlier:
        parts.append(f"{tally.failed_earlier} failed earlier (try again with --retry-failed)")
    if tally.copies:
        parts.append(counted(tally.copies, "is a copy of another", "are copies of others"))
    print("; ".join(parts) + ".", file=sys.stderr)


@contextmanager
def _progress(plan: Plan, *, quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """A bar over the recordings' bytes, which foretell the time left better than their number."""
    if quiet or not plan.tally.total:
        yield lambda tally: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=30),
        TextColumn("{task.description}"),
        TextColumn("time left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading the models", total=plan.tally.bytes_total)
        yield lambda tally: bar.update(task, completed=tally.bytes_seen, description=_state(tally))


def _state(tally: Tally) -> str:
    failed = f", [red]{tally.failed} failed[/]" if tally.failed else ""
    return (
        f"{tally.seen}/{tally.total} recordings{failed}, {tally.audio_s / 3600:.1f} h of audio, "
        f"RTFx {tally.rtfx:.0f}"
    )


def _why(failure: Unreadable | Failure) -> dict[str, str]:
    return {"reason": failure.reason, "error": failure.error}


def _line(outcome: Outcome) -> dict[str, object]:
    """What a machine wants to know of one recording; never what was said."""
    from callmood.call import Call

    recording = outcome.recording
    facts: dict[str, object] = {"recording": recording.id, "path": str(recording.path)}
    if not isinstance(outcome, Call):
        return facts | {"state": "failed"} | _why(outcome)
    return facts | {
        "state": "done",
        "agent": recording.agent,
        "call_id": recording.call_id,
        "duration_s": round(outcome.duration_s, 2),
        "layout": outcome.layout,
        "roles": {speaker.role: speaker.decided_by for speaker in outcome.speakers},
        "segments": len(outcome.segments),
        "dropped": dict(outcome.dropped),
        "warnings": list(outcome.warnings),
    }


def _summarise(tally: Tally, db: Path) -> None:
    """The closing summary: what was done, what failed and why, what to type next."""
    if not tally.total and not tally.failures:
        print("Nothing new to scan.")
    else:
        _summarise_work(tally)
    if tally.done or tally.skipped:
        print(
            f"Stored in {db}; next: callmood report --agent"
            + ("" if db.name == "callmood.duckdb" else f" --db {db}")
        )


def _summarise_work(tally: Tally) -> None:
    print(
        f"{counted(tally.done, 'recording', 'recordings')} scanned "
        f"({_hours(tally.audio_s)} of audio, {counted(tally.segments, 'segment', 'segments')}) "
        f"in {_hours(tally.wall_s)}, RTFx {tally.rtfx:.0f}."
    )
    for reason, failures in sorted(tally.failures.items(), key=lambda item: -len(item[1])):
        print(f"{len(failures)} failed, {reason}:")
        for error in failures[:FAILURES_SHOWN]:
            print(f"  {error}")
        if len(failures) > FAILURES_SHOWN:
            print(f"  and {len(failures) - FAILURES_SHOWN} more")
    for warning in tally.warnings[:FAILURES_SHOWN]:
        print(f"note: {warning}")
    if len(tally.warnings) > FAILURES_SHOWN:
        print(f"note: and {len(tally.warnings) - FAILURES_SHOWN} more notes, stored in the table recording")


def _hours(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
