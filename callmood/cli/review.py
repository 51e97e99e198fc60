"""`callmood review`: hear segments on a local page, and say what you heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.cli.output import say
from callmood.errors import UsageError
from callmood.wording import counted, percent

if TYPE_CHECKING:
    from callmood.reports.agreement import Agreement


def review(
    call: Annotated[
        str | None,
        typer.Argument(
            help="Only this call, from its beginning: its file name, call id or recording id.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who hears it (default: the user who is logged in).")
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="Port of the page (default: any that is free).", show_default=False
        ),
    ] = 0,
    agreement: Annotated[
        bool,
        typer.Option(
            "--agreement", help="Say how far people agree with the model and with each other, and end."
        ),
    ] = False,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Hear segments one after the other on a local page, and confirm or correct emotion, words, speaker and role.

    Without CALL it proposes what is most worth an ear: what the model is not sure of, rare labels, words against the
    voice, and a random share, on which agreement is measured. The page is for this machine only; Ctrl-C ends it.
    """
    import callmood
    from callmood.settings import load_settings

    if agreement:
        if call is not None:
            raise UsageError("--agreement is on all that was reviewed: leave out the call.")
        with callmood.open(db) as database:
            _print_agreement(database.agreement())
        return

    from callmood.database import user_name
    from callmood.review import ReviewServer, Session

    reviewer = by or user_name()
    if reviewer is None:
        raise UsageError("The system doesn't tell who you are. Give your name with --by.")
    with ReviewServer(Session(load_settings({"db": db}).db, reviewer, call), port) as server:
        count = len(server.session.proposals)
        if not count:
            say("There is nothing to hear: no scored segment whose recording is still there is left.")
            return
        say(
            f"{counted(count, 'segment')} to hear for {server.session.reviewer}; Ctrl-C ends it. Open in a browser:"
        )
        print(f"\n    {server.address}\n", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                "Ended; what was said is stored. How far it agrees: callmood review --agreement"
            ) from None


def _print_agreement(found: list[Agreement]) -> None:
    from callmood.reports.cells import estimate

    if not found:
        say("No reviews yet. callmood review plays segments and asks what you hear.")
    for one in found:
        line = f"{one.one} and {one.other}, {counted(one.segments, 'segment')}: the same label in {percent(one.same)}"
        line += f", kappa {estimate(one.kappa, one.kappa_interval)}"
        if one.ua is not None:
            line += f", unweighted accuracy of the model {estimate(one.ua, one.ua_interval)}"
        say(f"{line}.")
    if found:
        say(
            "With the model: on the random share, against its most probable label. In brackets: 95 % intervals, "
            "from 10 segments on."
        )
