"""The command line: one Typer app, one module a command."""

import errno
import os
import sys
import time
from typing import Annotated, NoReturn

import typer

from callmood.cli import correct, doctor, evaluate, models, report, scan, train
from callmood.errors import CallmoodError

UNDER_TORCHRUN = "TORCHELASTIC_ERROR_FILE"
"""The variable that tells one of several training processes where to leave its error."""

app = typer.Typer(
    name="callmood",
    help="Who spoke when, what was said and in what mood: analytics of call recordings, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to import than all the rest of the help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (scan.scan, report.report, correct.correct, doctor.doctor, train.train, evaluate.evaluate):
    app.command()(command)
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
    """Run the app; what a person can fix is said in one sentence, with the exit code of its kind."""
    try:
        app()
    except CallmoodError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        what = f" for {error.filename}" if error.filename else ""
        _fail(f"The disk is full: there is no room{what}. Make room and start again.", 1)
    except Exception:
        if UNDER_TORCHRUN in os.environ:
            time.sleep(1)  # one that fails because another has ended is ended by torchrun meanwhile, unheard
        raise


def _fail(sentence: str, code: int) -> NoReturn:
    if UNDER_TORCHRUN in os.environ:
        from callmood.training.launch import tell

        tell(sentence)
    else:
        print(f"callmood: {sentence}", file=sys.stderr)
    sys.exit(code)
