"""`callmood topics`: why customers call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from callmood.cli.find import tell_encoding, tell_unsearchable
from callmood.cli.output import say
from callmood.cli.reading import ReadDb
from callmood.wording import clock, counted, percent, shortened

if TYPE_CHECKING:
    from callmood.search.topics import Topics

_SHOWN = 100
"""Characters of an example."""


def topics(
    agent: Annotated[str | None, typer.Option(help="Only calls of this agent.")] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only calls from this day or time on: 2026-11-22, yesterday."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    db: ReadDb = None,
) -> None:
    """Show why customers call: what they open calls with, grouped by meaning.

    Each group is named by the words that set it apart, with three examples. Groups have three calls or more; the same
    calls always give the same groups. Meaning is known of English only.
    """
    import callmood

    found = callmood.topics(agent=agent, since=since, db=db, progress=tell_encoding)
    if as_json:
        _print_json(found)
    else:
        _print(found)


def _print(found: Topics) -> None:
    for topic in found.topics:
        share = percent(topic.calls / found.calls)
        say(f" {', '.join(topic.words) or 'no common words'}   {counted(topic.calls, 'call')} ({share})")
        for example in topic.examples:
            say(f"     “{shortened(example.text, _SHOWN)}”  {example.call} {clock(example.start_s)}")
        print()
    alone = found.calls - sum(topic.calls for topic in found.topics)
    print(f"{counted(alone, 'call')} of {found.calls:,} in no group.")
    if found.without:
        print(
            f"Left out: {counted(found.without, 'call')} in whose first half no customer says four words in a row."
        )
    tell_unsearchable(found.unsearchable)


def _print_json(found: Topics) -> None:
    import json
    from dataclasses import asdict

    topics = list(map(asdict, found.topics))
    written = {"calls": found.calls, "without": found.without, "topics": topics}
    print(json.dumps(written, default=lambda moment: moment.isoformat()))
