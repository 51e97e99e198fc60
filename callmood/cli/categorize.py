"""`callmood categorize`: which calls hold complaints, promises, threats to leave ..."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callmood.cli.find import tell, tell_encoding
from callmood.cli.output import say
from callmood.errors import UsageError
from callmood.wording import clock, counted, percent

if TYPE_CHECKING:
    from callmood.questions import Categorized
    from callmood.search.categorize import Near, Tuning

_AGENTS_SHOWN = 3
_DONE = {"searchable": "made searchable", "categorized": "categorized"}


def categorize(
    file: Annotated[
        Path | None,
        typer.Argument(help="A TOML file with categories that count from now on.", show_default=False),
    ] = None,
    included: Annotated[
        bool, typer.Option("--included", help="Let the categories count that come with callmood.")
    ] = False,
    tune: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Show what the threshold of a category lets in and leaves out, and store nothing.",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the definitions that count, as TOML.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    db: Annotated[Path | None, typer.Option(help="The DuckDB file (default: callmood.duckdb).")] = None,
) -> None:
    """Find categories such as complaint, churn or promise in all stored calls, without transcribing.

    A scan does the same for new calls. To change the categories: callmood categorize --show > categories.toml, edit it,
    try callmood categorize categories.toml --tune churn, then callmood categorize categories.toml.
    """
    import callmood
    from callmood import questions

    if sum((tune is not None, show, as_json)) > 1 or (show and (file or included)) or (tune and included):
        raise UsageError("Give only one of --tune, --show, --included and --json.")
    if show:
        print(questions.definitions(db), end="")
    elif tune is not None:
        _print_tuning(tune, questions.tune(tune, file, db=db, progress=tell_encoding))
    else:
        found = callmood.categorize(file, included=included, db=db, progress=_tell)
        if as_json:
            _print_json(found)
        else:
            _print(found)


def _tell(what: str, done: int, calls: int) -> None:
    tell(f"Calls {_DONE[what]}: {done:,} of {calls:,} ...", done)


def _print(found: Categorized) -> None:
    width = max(len(name) for name in found.categories)
    say(f" {'Category':<{width}}   Calls   Share   Agents with the most")
    for name in found.categories:
        of_category = [count for count in found.counts if count.category == name]
        calls = sum(count.calls for count in of_category)
        most = ", ".join(
            f"{count.agent} {count.calls} of {count.of}" for count in of_category[:_AGENTS_SHOWN]
        )
        share = percent(calls / found.calls) if found.calls else ""
        say(f" {name:<{width}}   {calls:>5,}   {share:>5}   {most}".rstrip())
    print()
    print(
        f"Of {counted(found.calls, 'call')}. A category is found by words and by meaning, and can be wrong: read"
    )
    print("the segments (table segment_category, or callmood find) before you judge.")


def _print_json(found: Categorized) -> None:
    import json

    table = {
        name: {
            "calls": sum(count.calls for count in found.counts if count.category == name),
            "agents": [
                {"agent": count.agent, "calls": count.calls, "of": count.of}
                for count in found.counts
                if count.category == name
            ],
        }
        for name in found.categories
    }
    print(json.dumps({"calls": found.calls, "categories": table}))


def _print_tuning(name: str, found: Tuning) -> None:
    say(f" {name}: threshold {found.threshold:.2f}")
    print()
    print(" The last ones that it lets in:")
    _print_near(found.hits)
    print(' The first ones that it leaves out (those with "words" belong to the category anyway):')
    _print_near(found.misses)
    print(" Threshold   Segments   Calls")
    for threshold, (segments, calls) in found.counts.items():
        mark = " *" if threshold == found.threshold else ""
        print(f" {threshold:>9.2f}   {segments:>8,}   {calls:>5,}{mark}")


def _print_near(found: tuple[Near, ...]) -> None:
    for near in found:
        words = "  words" if near.is_said else ""
        say(
            f"   {near.likeness:.2f}  “{near.segment.text}”  {near.segment.call} {clock(near.segment.start_s)}{words}"
        )
    if not found:
        print("   none")
    print()
