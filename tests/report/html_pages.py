"""Reads HTML pages as a browser would, for tests of what they contain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "br", "input"})
"""Elements that the pages use without an end tag."""


@dataclass
class Element:
    """An element. `text` is that of the element and of all elements in it, with white space as browsers show it."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


class HtmlPage(HTMLParser):
    """A page. Raises AssertionError if its elements are not properly nested."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(source)
        self.close()
        assert not self._open, self._open

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def text(self) -> str:
        (main,) = self.all("main")
        return main.text

    @property
    def hrefs(self) -> list[str]:
        return [element.attributes["href"] for element in self.all("a")]

    @property
    def tags(self) -> frozenset[str]:
        return frozenset(element.tag for element in self.elements)

    def row_with(self, text: str) -> str:
        """The text of the first row of a table that contains this text."""
        return next(row.text for row in self.all("tr") if text in row.text)

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> ends another element"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)
