"""Markdown for build systems. Everything that others wrote is escaped, links to nothing and mentions nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from weco_deploy.report.untrusted import log_line, one_line

_LONGEST_LINE = 500
# Markdown's own characters, and those of HTML.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")


def escaped(text: str) -> str:
    """`text` on one line, as it is: without markup, links, HTML and mentions."""
    shown = _SPECIAL.sub(r"\\\1", one_line(text).replace("&", "&amp;"))
    # GitHub makes links of addresses, and notifies those who are mentioned; a character of no width prevents both.
    return shown.replace("@", "@\u200b").replace("://", ":\u200b//").replace("www.", "www\u200b.")


def code_block(lines: Iterable[str]) -> Iterator[str]:
    """An indented block, in which nothing is markup. Very long lines are cut."""
    shown = [f"    {log_line(line)[:_LONGEST_LINE]}".rstrip() for line in lines]
    if shown:
        yield from ("", *shown, "")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table. The cells are escaped; nothing if there are no rows."""
    listed = [[escaped(cell) for cell in row] for row in rows]
    if listed:
        yield from ("", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}")
        yield from (f"| {' | '.join(row)} |" for row in listed)
        yield ""


def folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines that a click unfolds; nothing if there are no lines."""
    listed = list(lines)
    if listed:
        yield from (f"<details><summary>{title}</summary>", "", *listed, "", "</details>")
