"""The command line: one Typer app, one module a command."""

import errno
import os
import sys
import time
from typing import NoReturn

import typer

from callmood.cli import correct, doctor, evaluate, models, report, scan, train
from callmood.errors import CallmoodError

app = typer.Typer(
    name="callmood",
    help="Who spoke when, what was said and in what mood: analytics of call recordings, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to import than all the rest of the help
    pretty_exceptions_enable=False,
)

for command in (scan.scan, report.report, correct.correct, doctor.doctor, train.train, evaluate.evaluate):
    app.command()(command)
app.add_typer(models.models)


def main() -> None:
    """Run the app; what a person can mend is said in one sentence, with the exit code of its kind."""
    try:
        app()
    except CallmoodError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        place = error.filename or "what comes out"
        _fail(f"The disk is full: no room for {place}; make some and start again.", 1)
    except Exception:
        if "TORCHELASTIC_ERROR_FILE" in os.environ:
            time.sleep(1)  # one that fails because another has ended is ended by torchrun meanwhile, unheard
        raise


def _fail(sentence: str, code: int) -> NoReturn:
    from callmood.training import launch

    if not launch.tell(sentence):
        print(f"callmood: {sentence}", file=sys.stderr)
    sys.exit(code)
