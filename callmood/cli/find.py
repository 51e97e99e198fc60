"""`callmood find`: segments by meaning, or by their words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.call import RoleChoice
from callmood.cli.output import say
from callmood.cli.reading import ReadDb
from callmood.errors import UsageError
from callmood.wording import NONE, clock, counted, speaker_name

if TYPE_CHECKING:
    from callmood.search.find import Found, Hit


def find(
    text: Annotated[str, typer.Argument(help="What to look for, in words of your own.")],
    exact: Annotated[
        bool,
        typer.Option(
            "--exact", help="Find these very words in a row instead; * stands for any letters (cancel*)."
        ),
    ] = False,
    role: Annotated[RoleChoice, typer.Option(help="Whose words.")] = "all",
    agent: Annotated[str | None, typer.Option(help="Only calls of this agent.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only calls from this day or time on: 2026-11-22, yesterday."),
    ] = None,
    emotion: Annotated[
        str | None, typer.Option(help="Only segments with this emotion: angry, happy, neutral ...")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many segments to show.")] = 10,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a page to open in a browser: what was found, with the transcripts of these calls.",
        ),
    ] = None,
    redact: Annotated[
        bool | None,
        typer.Option(
            "--redact/--no-redact",
            help="On a page: whether to replace card numbers, accounts, telephone numbers, addresses and names in what "
            "was said (default: --redact).",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    db: ReadDb = None,
) -> None:
    """Find what was said, by its meaning: callmood find "customer threatens to cancel".

    Shows the segments whose meaning is nearest, whatever their words, with a score from 0 (nothing in common) to 1 (the
    same). There are always some: read before you count. Meaning is known of English only; --exact finds words of any
    language.
    """
    import callmood
    from callmood.cli.report import require_page_file

    if html is None and redact is not None:
        raise UsageError("--redact is for pages. Give a file with --html.")
    if html is not None:
        if as_json:
            raise UsageError("--json does not go with --html. Give one of them.")
        require_page_file(html)
    found = callmood.find(
        text,
        exact=exact,
        role=role,
        agent=agent,
        since=since,
        emotion=emotion,
        limit=limit,
        db=db,
        progress=tell_encoding,
    )
    if html is not None:
        limits = {"role": role if role != "all" else None, "agent": agent, "since": since, "emotion": emotion}
        only = {name: value for name, value in limits.items() if value is not None}
        _write_page(found, html, text, only=only, redact=redact is not False, db=db)
    elif as_json:
        _print_json(found)
    else:
        _print(found, exact)


def _write_page(
    found: Found, html: Path, text: str, *, only: dict[str, str], redact: bool, db: list[Path] | None
) -> None:
    import callmood
    from callmood.cli.report import writing_page

    with callmood.open(db) as database, writing_page(html):
        written = database.write_found(html, found, text, only=only, redact=redact)
    segments = counted(len(found.hits), "segment")
    say(f"{html}: {segments} in {counted(written.calls, 'call')}, {written.size_bytes / 1e6:,.1f} MB.")


def tell_encoding(done: int, calls: int) -> None:
    """Say how many calls are encoded, which takes time where many were scanned by an older callmood."""
    tell(f"Calls made searchable: {done:,} of {calls:,} ...", done)


def tell_unsearchable(calls: int) -> None:
    """Say how many calls are left out of an answer."""
    if calls:
        say(
            f"Not looked at: {counted(calls, 'call')} not searchable yet, because the database can't be written."
        )


def tell(line: str, done: int) -> None:
    """Say how far something is, at its beginning and then every thousand calls."""
    if done % 1000 == 0:
        say(line, file=sys.stderr)


def _print(found: Found, exact: bool) -> None:
    if not found.hits:
        print("No segment holds these words." if exact else "No segment matches.")
        tell_unsearchable(found.unsearchable)
        return
    for hit in found.hits:
        say(_line(hit))
        say(f"       “{hit.text}”")
    shown = len(found.hits)
    print()
    if exact:
        print(f"{shown:,} of {counted(found.searched, 'segment')} with these words.")
    else:
        print(f"The nearest {shown:,} of {counted(found.searched, 'segment')}.")
        tell_unsearchable(found.unsearchable)
    print("callmood report --call CALL shows what came before and after.")


def _line(hit: Hit) -> str:
    score = "" if hit.score is None else f"{hit.score:.2f}  "
    when = f"{hit.started_at:%Y-%m-%d %H:%M}  " if hit.started_at else ""
    who = speaker_name(hit.role, hit.speaker)
    return f" {score}{hit.call}  {clock(hit.start_s)}  {who}  {when}agent {hit.agent or NONE}"


def _print_json(found: Found) -> None:
    import json
    from dataclasses import asdict

    print(json.dumps(asdict(found), ensure_ascii=True, default=lambda moment: moment.isoformat()))
