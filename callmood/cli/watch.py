"""`callmood watch`: scans again and again what is new in folders."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_type_hints

import typer

from callmood import signals
from callmood.cli.scan import scan
from callmood.remote import checked_path
from callmood.wording import counted

Command = TypeVar("Command", bound=Callable[..., None])

OF_ONE_SCAN: Final = {"paths", "retry_failed", "include_forgotten", "rescore", "retranscribe", "as_json"}
"""The parameters of ``callmood scan`` that are no settings: what is done once, and how it is shown."""


def with_settings_of_scan(command: Command) -> Command:
    """``command`` with the options of ``callmood scan`` that are settings in place of its ``**options``."""

    def of(function: Callable[..., None]) -> list[inspect.Parameter]:
        hints = get_type_hints(function, include_extras=True)
        return [
            one.replace(annotation=hints[one.name]) for one in inspect.signature(function).parameters.values()
        ]

    own = [one for one in of(command) if one.kind is not inspect.Parameter.VAR_KEYWORD]
    parameters = own + [one for one in of(scan) if one.name not in OF_ONE_SCAN]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


@with_settings_of_scan
def watch(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Folders to watch, and recordings; also in buckets (s3://BUCKET/FOLDER).",
            parser=checked_path,
            metavar="PATHS...",
            show_default=False,
        ),
    ],
    every: Annotated[
        float, typer.Option(min=1, max=86400, metavar="SECONDS", help="How often the folders are looked at.")
    ] = 30,
    keep_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=36500,
            metavar="DAYS",
            help="Forget calls that are older than the last days, today included, as callmood forget does "
            "(default: all are kept).",
        ),
    ] = None,
    health: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A JSON file for monitoring, written at each look and result."),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A log file (default: the standard error stream).")
    ] = None,
    log_names: Annotated[
        bool,
        typer.Option(
            "--log-names", help="Log the paths of recordings too, which may hold telephone numbers."
        ),
    ] = False,
    **options: Any,
) -> None:
    """Scan what is new in folders, again and again, until it is stopped.

    Files that are still being written wait. A folder that is not there is looked for again, and the calls that it held
    stay. What keeps recordings from being scanned, such as a full disk, is logged and tried again; recordings that
    failed are tried again when their file changes, or with callmood scan --retry-failed.

    Recordings themselves are never deleted. SIGTERM, Ctrl-C and a closed terminal end it, with all that was scanned
    stored. Exit code 0: it was stopped; 1: it could not begin; 2: wrong usage.
    """
    from callmood.batch.monitoring import Health, Log, log_to, notify
    from callmood.batch.watch import watch as events_of
    from callmood.settings import load_settings

    settings = load_settings(options)  # type: ignore[arg-type]
    said = Log(logging.StreamHandler(sys.stderr) if log is None else log_to(log), names=log_names)
    state = None if health is None else Health(health)
    try:
        with closing(events_of(paths, settings, every_s=every, keep_days=keep_days)) as events:
            said.line(logging.INFO, f"Watching {counted(len(paths), 'path')}, into {settings.db}")
            for event in events:
                said.tell(event)
                if state is not None:
                    state.tell(event)
                notify("READY=1\nWATCHDOG=1")
    except BaseException as error:
        if not (isinstance(error, KeyboardInterrupt) or signals.was_stopped()):
            said.line(logging.ERROR, f"It ends: {error}")
            raise
        signals.end_as_asked()
        said.line(logging.INFO, "Stopped")
    finally:
        notify("STOPPING=1")
        if state is not None:
            state.stopped()
        said.close()
