"""The command line: one Typer app, one module per command."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from callmood.cli import (
    archive,
    categorize,
    correct,
    corrections,
    doctor,
    encrypt,
    evaluate,
    export,
    find,
    forget,
    models,
    rebuild,
    redact,
    report,
    review,
    scan,
    sql,
    topics,
    train,
    watch,
)
from callmood.cli.optional import with_optional_values
from callmood.cli.output import print_on_any_code_page
from callmood.errors import CallmoodError
from callmood.network import stay_offline
from callmood.wording import printable_lines


class _Commands(TyperGroup):
    """Typer's messages name wrong options, which may be a stranger's file names that begin with a dash."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with _wrong_usage_as_text():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _wrong_usage_as_text():
            return super().invoke(ctx)


@contextmanager
def _wrong_usage_as_text() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "message"):
            error.message = printable_lines(error.message)
        raise


app = typer.Typer(
    name="callmood",
    cls=_Commands,
    help="Who spoke when, what was said and in what mood: analytics of call recordings, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to import than all the rest of the help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    scan.scan,
    watch.watch,
    find.find,
    categorize.categorize,
    topics.topics,
    correct.correct,
    corrections.corrections,
    review.review,
    export.export,
    sql.sql,
    redact.redact,
    archive.archive,
    forget.forget,
    encrypt.encrypt,
    rebuild.rebuild,
    doctor.doctor,
    train.train,
    evaluate.evaluate,
):
    app.command()(command)
app.command(cls=with_optional_values(report.OPTIONAL_VALUES))(report.report)
app.add_typer(models.models)


def _print_version(wanted: bool) -> None:
    if wanted:
        import callmood

        print(f"callmood {callmood.__version__}")
        raise typer.Exit


@app.callback()
def callmood_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of callmood itself."""


def main() -> None:
    """Run the app. An error that a user can fix is printed as its message, with its exit code."""
    stay_offline()
    print_on_any_code_page()
    try:
        app()
    except CallmoodError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        what = f" for {error.filename}" if error.filename else ""
        _fail(f"No space left on the disk{what}. Free some space, then run the command again.", 1)


def _fail(message: str, code: int) -> NoReturn:
    print(f"callmood: {printable_lines(message)}", file=sys.stderr)
    sys.exit(code)
