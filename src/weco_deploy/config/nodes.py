"""The values in the project file, with their lines and paths, and the problems with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, Union

Value: TypeAlias = Union[str, list["Value"], dict[str, "Value"], None]  # noqa: UP007 - `|` doesn't accept quoted names
KeyPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ParsedValue:
    """A value and its line. It has no path, because with YAML aliases it may be at several paths of the file.

    `line` counts from 1. A value in a mapping has the line of its key. `children` has a mapping's values by key, and a
    list's items by index.
    """

    value: Value
    line: int
    children: Mapping[str | int, ParsedValue]


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its path in the file, such as `("storage", "environments", 0, "id")`."""

    parsed: ParsedValue
    path: KeyPath = ()

    @property
    def value(self) -> Value:
        return self.parsed.value

    @property
    def line(self) -> int:
        return self.parsed.line

    @property
    def text(self) -> str | None:
        """The value if it is text; None if it is a mapping, a list or empty."""
        return self.value if isinstance(self.value, str) else None

    def at(self, key: str | int) -> Node | None:
        child = self.parsed.children.get(key)
        return None if child is None else Node(child, (*self.path, key))

    def children(self) -> Iterator[Node]:
        return (Node(child, (*self.path, key)) for key, child in self.parsed.children.items())

    def nearest(self, path: KeyPath) -> Node:
        """The node at the end of `path`. Steps of the path that don't exist are skipped."""
        node = self
        for key in path:
            node = node.at(key) or node
        return node

    def entries(self) -> Iterator[Node]:
        """The values of a mapping; empty for other nodes."""
        if isinstance(self.value, dict):
            yield from self.children()

    def items(self, key: str) -> Iterator[Node]:
        """The items of the list at `key`; empty if there is no list."""
        listing = self.at(key)
        if listing is not None and isinstance(listing.value, list):
            yield from listing.children()

    def problem(self, text: str) -> Problem:
        return Problem(self.line, self.path, text)


def repeated_ids(mappings: Iterable[Node]) -> Iterator[tuple[Node, Node]]:
    """The id of each mapping whose id an earlier one has, too, and the id of the first that has it."""
    first_with_id: dict[str, Node] = {}
    for mapping in mappings:
        id_ = mapping.at("id")
        if id_ is not None and id_.text is not None:
            first = first_with_id.setdefault(id_.text, id_)
            if first is not id_:
                yield id_, first


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in the file. `text` says what was found, and what was expected."""

    line: int
    path: KeyPath
    text: str

    def __str__(self) -> str:
        path = path_text(self.path)
        return f"line {self.line}, {path}: {self.text}" if path else f"line {self.line}: {self.text}"


def path_text(path: KeyPath) -> str:
    """A path for people: `storage.environments[0].id`."""
    parts: list[str] = []
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key and all(letter.isalnum() or letter in "_-" for letter in key):
            parts.append(f".{key}" if parts else key)
        else:
            parts.append(f"[{value_text(key)}]")
    return "".join(parts)


def value_text(value: Value) -> str:
    """A value for a message: short, on one line, without control characters."""
    match value:
        case None:
            return "nothing"
        case str():
            return repr(value if len(value) <= 60 else value[:59] + "…")
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"
