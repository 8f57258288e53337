"""YAML text → Node.

PyYAML's events are used, not its constructors: those resolve `no`, `1.10` and `2021-09-27` to other
types, drop the line numbers, keep the last of two equal keys, and recurse as deep as the text goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from weco_deploy.config.nodes import Fault, KeyPath, Node, Value, shown

MAX_DEPTH = 32  # the deepest legal path has six steps
MAX_VALUES = 20_000  # a project of thirty images has some 400; a few lines of aliases can stand for billions

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CORE_TAGS = frozenset({f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "null")} | {"!"})
_MERGE = "<<"


class SyntaxFault(Exception):
    """The text can't be read further; `fault` says why."""

    def __init__(self, line: int, text: str, path: KeyPath = ()) -> None:
        super().__init__(text)
        self.fault = Fault(line, path, text)


def parse(text: str) -> tuple[Node | None, tuple[Fault, ...]]:
    """The document in `text`, None if it has none, and the faults that did not end the reading.

    Raises SyntaxFault if it is not YAML, or not one bounded document.
    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = "a NUL byte" if error.character == 0 else f"the character U+{error.character:04X}"
        raise SyntaxFault(line, f"found {what}, expected text: is this the right file?") from error
    try:
        builder = _Builder(iter(loader.get_event, None))
        return builder.document(), tuple(builder.faults)
    except yaml.MarkedYAMLError as error:
        raise _worded(error) from error
    except (ValueError, OverflowError) as error:
        # PyYAML lets chr() and int() fail on escapes like "\UFFFFFFFF" and on endless version numbers.
        raise SyntaxFault(loader.line + 1, "not valid YAML: an escape or a number is out of range") from error


def _worded(error: yaml.MarkedYAMLError) -> SyntaxFault:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or "it can't be parsed"
    if "'\\t'" in problem:
        return SyntaxFault(line, "found a tab, expected spaces: YAML does not allow tabs there")
    column = f", at column {mark.column + 1}" if mark else ""
    context = f" {error.context}" if error.context else ""
    return SyntaxFault(line, f"not valid YAML{context}: {problem}{column}")


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor names, None while it is still being built, and how many values that is."""

    node: Node | None
    values: int = 0


class _Builder:
    """Builds nodes from events, one recursion a level and never more than MAX_DEPTH of them."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self.events = events
        self.faults: list[Fault] = []
        self.anchors: dict[str, _Anchored] = {}
        self.values = 0

    def document(self) -> Node | None:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        root = self._node(next(self.events), ())
        next(self.events)  # the end of the document
        after = next(self.events)
        if isinstance(after, yaml.DocumentStartEvent):
            raise SyntaxFault(_line(after), "found a second document (---), expected one")
        return None if root.value is None else root

    def _node(self, event: yaml.Event, path: KeyPath) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if len(path) > MAX_DEPTH:
            raise SyntaxFault(_line(event), f"found more than {MAX_DEPTH} levels of nesting", path[:4])
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise SyntaxFault(_line(event), "not valid YAML", path)
        if event.tag is not None and event.tag not in _CORE_TAGS:
            self._report(event, path, f"found the YAML tag {shown(event.tag)}, expected a value without one")
        before = self.values
        self._count(event, path, 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(None)
        node = self._content(event, path)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(node, self.values - before)
        return node

    def _content(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: KeyPath) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            value = None if _is_plain(event) and event.value in _NULLS else self._unicode(event, path)
            return Node(value, _line(event), {})
        return (
            self._list(event, path)
            if isinstance(event, yaml.SequenceStartEvent)
            else self._mapping(event, path)
        )

    def _alias(self, event: yaml.AliasEvent, path: KeyPath) -> Node:
        name = event.anchor
        if name not in self.anchors:
            raise SyntaxFault(
                _line(event), f"found the alias *{name}, expected an anchor &{name} before it", path
            )
        anchored = self.anchors[name]
        if anchored.node is None:
            raise SyntaxFault(_line(event), f"found the alias *{name} inside what it names", path)
        self._count(event, path, anchored.values)
        return replace(anchored.node, line=_line(event))

    def _list(self, start: yaml.CollectionStartEvent, path: KeyPath) -> Node:
        children: dict[str | int, Node] = {}
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            children[len(children)] = self._node(event, (*path, len(children)))
        values: list[Value] = [child.value for child in children.values()]
        return Node(values, _line(start), children)

    def _mapping(self, start: yaml.CollectionStartEvent, path: KeyPath) -> Node:
        children: dict[str | int, Node] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key is None:
                self._node(next(self.events), path)
                continue
            child = replace(self._node(next(self.events), (*path, key)), line=_line(event))
            if key == _MERGE and _is_plain(event):
                merged += self._merged(child, (*path, key))
            elif key in children:
                self._report(event, (*path, key), f"found the key twice, first on line {children[key].line}")
            else:
                children[key] = child
        for source in merged:
            for name, child in source.children.items():
                children.setdefault(name, child)
        values = {str(name): child.value for name, child in children.items()}
        return Node(values, _line(start), children)

    def _key(self, event: yaml.Event, path: KeyPath) -> str | None:
        """A key's text as written, also of `null` and `no`; None if it is a list or a mapping."""
        value = self._node(event, path).value
        if value is None and isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if value is None or isinstance(value, str):
            return value or ""
        self._report(event, path, f"found {shown(value)} as a key, expected text")
        return None

    def _merged(self, node: Node, path: KeyPath) -> list[Node]:
        sources = list(node.children.values()) if isinstance(node.value, list) else [node]
        for source in sources:
            if not isinstance(source.value, dict):
                text = f"found {shown(source.value)}, expected a mapping to merge"
                self.faults.append(Fault(source.line, path, text))
        return [source for source in sources if isinstance(source.value, dict)]

    def _unicode(self, event: yaml.ScalarEvent, path: KeyPath) -> str:
        """The scalar's text. Half of a surrogate pair, as an escape can give it, can't be encoded."""
        text = str(event.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self._report(event, path, "found half of a surrogate pair, expected text")
            return text.encode("utf-8", "replace").decode("utf-8")
        return text

    def _count(self, event: yaml.Event, path: KeyPath, values: int) -> None:
        self.values += values
        if self.values > MAX_VALUES:
            raise SyntaxFault(
                _line(event), f"found more than {MAX_VALUES} values, aliases spelled out", path[:4]
            )

    def _report(self, event: yaml.Event, path: KeyPath, text: str) -> None:
        self.faults.append(Fault(_line(event), path, text))


def _is_plain(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.style is None and event.tag is None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
