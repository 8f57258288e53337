"""Reads the set-up guide and the pages that it continues on: their sections, commands, and the files that they use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (_DOCS / name).read_text() for name in ("set-up.md", "ci.md")}
PAGE = "\n".join(PAGES.values())
ACCOUNT = "123456789012"
"""The account in the guide's examples."""

_TITLE = re.compile(r"^(?P<level>#{2,3}) (?P<title>.+)$", re.MULTILINE)
_COMMANDS = re.compile(r"^```console\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(
    r"^`(?P<name>[\w./-]+)`[^\n]*:\n\n```(?:json|yaml)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"^```(?:json|yaml)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """`part` is the title of the level above, for a section of the second level its own."""

    part: str
    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        return [
            line.removeprefix("$ ")
            for block in _COMMANDS.finditer(self.text)
            for line in block["lines"].splitlines()
        ]


def sections(page: str = PAGE) -> list[Section]:
    found: list[Section] = []
    part = ""
    titles = list(_TITLE.finditer(page))
    ends = [title.start() for title in titles[1:]] + [len(page)]
    for title, end in zip(titles, ends, strict=True):
        part = title["title"] if title["level"] == "##" else part
        found.append(Section(part, title["title"], page[title.end() : end]))
    return found


def commands(part: str = "") -> list[str]:
    """The commands of a part, by default of the page, in their order."""
    return [command for section in sections() if part in ("", section.part) for command in section.commands]


def files(account: str = ACCOUNT) -> Mapping[str, str]:
    """The content of each file that the guide shows, by name, with this account."""
    return {file["name"]: file["text"].replace(ACCOUNT, account) for file in _FILE.finditer(PAGE)}


def code_blocks() -> int:
    """How many files in JSON and YAML the page shows, whether they have a name or not."""
    return len(_CODE.findall(PAGE))
