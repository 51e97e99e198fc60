"""Pages as Markdown: headings and pipe tables."""

import re
from html import escape
from typing import Final

from callmood.reports.columns import Page, Sheet
from callmood.wording import printable

_MARKUP: Final = re.compile(r"[\\`*_\[\]|~$]|(?<=:)//|(?<=\bwww)\.|@", re.IGNORECASE)
"""What makes emphasis, code, links, images, tables and formulas; addresses become links by themselves."""


def to_markdown(page: Page) -> str:
    """The same page as on the terminal, to paste into a wiki or a ticket."""
    parts = [f"# {_text(page.title)}"] if page.title else []
    if page.subtitle:
        parts.append(_text(page.subtitle))
    if page.facts:
        parts.append("\n".join(f"- **{_text(name)}:** {_text(value)}" for name, value in page.facts))
    for sheet in page.sheets:
        if sheet.title:
            parts.append(f"## {_text(sheet.title)}")
        parts.append(_table(sheet))
    if page.notes:
        parts.append("\n".join(f"> {_text(note)}  " for note in page.notes))
    return "\n\n".join(parts) + "\n"


def _table(sheet: Sheet) -> str:
    headings = [_text(column.heading.replace("-\n", "").replace("\n", " ")) for column in sheet.columns]
    rule = ["---:" if column.right else "---" for column in sheet.columns]
    rows = [[_text(column.cell(row)) for column in sheet.columns] for row in sheet.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headings, rule, *rows))


def _text(text: str) -> str:
    """``text`` on one line and escaped, because a transcript must not act as markup."""
    plain = escape(printable(" ".join(text.split())), quote=False)
    return _MARKUP.sub(r"\\\g<0>", plain)
