"""A page as one HTML document."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Final

_SCRIPTS: Final = (
    "dom", "table", "charts", "timeline", "player", "moments", "reasons", "overview", "group", "call", "calls",
    "search", "found", "about", "main",
)  # fmt: skip
"""In the order in which they run."""
_LIBRARIES: Final = ("d3", "plot")


def document(
    title: str, data: Mapping[str, Any], blocks: Iterable[tuple[str, Any]], *, plays_files: bool
) -> str:
    """The whole text of a page.

    ``data``: what its scripts read at once. ``blocks``: an id and what is read when it is needed. ``plays_files``:
    whether the page may play files; nothing else can be loaded from anywhere.
    """
    scripts = [*(_asset(f"vendor/{name}.min.js") for name in _LIBRARIES), _own_script()]
    return Template(_asset("template.html")).substitute(
        title=escape(title),
        policy=escape(_policy(scripts, plays_files)),
        style=_asset("page.css"),
        data=_block("data", data) + "".join(_block(name, value) for name, value in blocks),
        scripts="".join(f"<script>{script}</script>\n" for script in scripts),
    )


def _own_script() -> str:
    return "\n".join(
        ["(() => {", '"use strict";', *(_asset(f"scripts/{name}.js") for name in _SCRIPTS), "})();"]
    )


def _policy(scripts: Iterable[str], plays_files: bool) -> str:
    """No script runs but these, whatever a transcript says, and nothing is fetched."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts)
    media = "blob: file:" if plays_files else "blob:"
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; media-src {media}; "
        "base-uri 'none'; form-action 'none'"
    )


def _block(name: str, value: Any) -> str:
    """A value as JSON that the browser takes for text: nothing in it can end the element or begin another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{escape(name)}">{text}</script>\n'


@cache
def _asset(name: str) -> str:
    return files("callmood.reports.page").joinpath(*name.split("/")).read_text(encoding="utf-8")
