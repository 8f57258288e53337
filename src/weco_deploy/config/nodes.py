"""What the YAML says, as written, with the line and the path of everything in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, Union

Value: TypeAlias = Union[str, list["Value"], dict[str, "Value"], None]  # noqa: UP007 - `|` takes no quoted names
KeyPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the file.

    `line` counts from 1 and is that of the key, for a value in a mapping. `children` has a mapping's
    values by key and a list's items by position.
    """

    value: Value
    line: int
    children: Mapping[str | int, Node]


@dataclass(frozen=True, slots=True)
class Spot:
    """A node and the path that leads to it: `("storage", "environments", 0, "id")`."""

    node: Node
    path: KeyPath = ()

    @property
    def line(self) -> int:
        return self.node.line

    @property
    def text(self) -> str | None:
        """Its text, or None if it is a mapping, a list or empty."""
        return self.node.value if isinstance(self.node.value, str) else None

    def at(self, key: str | int) -> Spot | None:
        child = self.node.children.get(key)
        return None if child is None else Spot(child, (*self.path, key))

    def follow(self, path: KeyPath) -> Spot:
        """The spot at the end of `path`, or the last one on the way that exists."""
        spot = self
        for key in path:
            spot = spot.at(key) or spot
        return spot

    def entries(self) -> Iterator[Spot]:
        """A mapping's values; nothing for anything else."""
        return (
            Spot(child, (*self.path, key))
            for key, child in self.node.children.items()
            if isinstance(key, str)
        )

    def items(self, key: str) -> Iterator[Spot]:
        """The items of the list at `key`; nothing if there is no such list."""
        listing = self.at(key)
        if listing is not None and isinstance(listing.node.value, list):
            yield from (Spot(child, (*listing.path, index)) for index, child in listing.node.children.items())


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong at a place in the file, and what was expected there."""

    line: int
    path: KeyPath
    text: str

    def __str__(self) -> str:
        place = written(self.path)
        return f"line {self.line}, {place}: {self.text}" if place else f"line {self.line}: {self.text}"


def fault(spot: Spot, text: str) -> Fault:
    return Fault(spot.line, spot.path, text)


def written(path: KeyPath) -> str:
    """A path as people write it: `storage.environments[0].id`."""
    parts: list[str] = []
    for key in path:
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key and all(letter.isalnum() or letter in "_-" for letter in key):
            parts.append(f".{key}" if parts else key)
        else:
            parts.append(f"[{shown(key)}]")
    return "".join(parts)


def shown(value: Value) -> str:
    """A value in a message: short, on one line, and harmless to a terminal."""
    match value:
        case None:
            return "nothing"
        case str():
            return repr(value if len(value) <= 60 else value[:59] + "…")
        case list():
            return "a list" if value else "an empty list"
        case _:
            return "a mapping" if value else "an empty mapping"
