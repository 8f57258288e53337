"""Parses YAML text into nodes.

It uses PyYAML's events. PyYAML's constructors convert `no`, `1.10` and `2021-09-27` to other types, lose the line
numbers, and ignore duplicate keys; its composer recurses without a limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import yaml

from weco_deploy.config.nodes import KeyPath, Node, ParsedValue, Problem, Value, value_text

MAX_DEPTH = 32  # the deepest valid path has six steps
MAX_VALUES = 20_000  # a project of thirty images has about 400; a few lines of aliases can expand to billions

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_CORE_TAGS = frozenset({f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "null")} | {"!"})
_MERGE = "<<"


class InvalidYaml(Exception):
    """The text can't be parsed any further. `problem` says why."""

    def __init__(self, line: int, text: str, path: KeyPath = ()) -> None:
        super().__init__(text)
        self.problem = Problem(line, path, text)


def parse(text: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The root of the document in `text` (None if it is empty), and the problems that did not stop the parser.

    Raises InvalidYaml if `text` is not YAML, has several documents, or exceeds MAX_DEPTH or MAX_VALUES.
    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = "a NUL byte" if error.character == 0 else f"the character U+{error.character:04X}"
        raise InvalidYaml(line, f"found {found}, expected text: is this the right file?") from error
    try:
        builder = _Builder(iter(loader.get_event, None))
        root = builder.document()
    except yaml.MarkedYAMLError as error:
        raise _translated(error) from error
    except (ValueError, OverflowError) as error:
        # PyYAML doesn't catch the errors of chr() and int() for escapes like "\UFFFFFFFF" and huge version numbers.
        raise InvalidYaml(loader.line + 1, "not valid YAML: an escape or a number is out of range") from error
    return None if root is None else Node(root), tuple(builder.problems)


def _translated(error: yaml.MarkedYAMLError) -> InvalidYaml:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = error.problem or "it can't be parsed"
    if "'\\t'" in problem:
        return InvalidYaml(line, "found a tab, expected spaces: YAML does not allow tabs there")
    column = f", at column {mark.column + 1}" if mark else ""
    context = f" {error.context}" if error.context else ""
    return InvalidYaml(line, f"not valid YAML{context}: {problem}{column}")


class _Builder:
    """Builds values from events. It recurses once per level, at most MAX_DEPTH levels deep."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self.events = events
        self.problems: list[Problem] = []
        self.depth = 0
        self.count = 0  # of the values so far, with aliases expanded
        self.anchors: dict[str, tuple[ParsedValue, int] | None] = {}  # values and counts; None until complete

    def document(self) -> ParsedValue | None:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return None
        root = self._value(next(self.events), ())
        next(self.events)  # the end of the document
        after = next(self.events)
        if isinstance(after, yaml.DocumentStartEvent):
            raise InvalidYaml(_line(after), "found a second document (---), expected one")
        return None if root.value is None else root

    def _value(self, event: yaml.Event, path: KeyPath) -> ParsedValue:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if self.depth > MAX_DEPTH:
            raise InvalidYaml(_line(event), f"found more than {MAX_DEPTH} levels of nesting", path[:4])
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            raise InvalidYaml(_line(event), "not valid YAML", path)
        if event.tag is not None and event.tag not in _CORE_TAGS:
            found = value_text(event.tag)
            self._report(event, path, f"found the YAML tag {found}, expected a value without one")
        count_before = self.count
        self._count(event, path, 1)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.depth += 1
        value = self._content(event, path)
        self.depth -= 1
        if event.anchor is not None:
            self.anchors[event.anchor] = value, self.count - count_before
        return value

    def _content(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: KeyPath) -> ParsedValue:
        match event:
            case yaml.ScalarEvent():
                is_null = _is_plain(event) and event.value in _NULLS
                return ParsedValue(None if is_null else self._text(event, path), _line(event), {})
            case yaml.SequenceStartEvent():
                return self._list(event, path)
            case _:
                return self._mapping(event, path)

    def _alias(self, event: yaml.AliasEvent, path: KeyPath) -> ParsedValue:
        name = event.anchor
        if name not in self.anchors:
            raise InvalidYaml(
                _line(event), f"found the alias *{name}, expected an anchor &{name} before it", path
            )
        anchored = self.anchors[name]
        if anchored is None:
            raise InvalidYaml(_line(event), f"found the alias *{name} inside what it names", path)
        value, count = anchored
        self._count(event, path, count)
        return replace(value, line=_line(event))

    def _list(self, start: yaml.CollectionStartEvent, path: KeyPath) -> ParsedValue:
        children: dict[str | int, ParsedValue] = {}
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            children[len(children)] = self._value(event, (*path, len(children)))
        values: list[Value] = [child.value for child in children.values()]
        return ParsedValue(values, _line(start), children)

    def _mapping(self, start: yaml.CollectionStartEvent, path: KeyPath) -> ParsedValue:
        children: dict[str | int, ParsedValue] = {}
        merged: list[ParsedValue] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._key(event, path)
            if key is None:
                self._value(next(self.events), path)
                continue
            child = replace(self._value(next(self.events), (*path, key)), line=_line(event))
            if key == _MERGE and _is_plain(event):
                merged += self._merged(child, (*path, key))
            elif key in children:
                self._report(event, (*path, key), f"found the key twice, first on line {children[key].line}")
            else:
                children[key] = child
        for mapping in merged:
            for name, child in mapping.children.items():
                children.setdefault(name, child)
        values = {str(name): child.value for name, child in children.items()}
        return ParsedValue(values, _line(start), children)

    def _key(self, event: yaml.Event, path: KeyPath) -> str | None:
        """The key as it is written, also `null` and `no`; None if it is a list or a mapping."""
        value = self._value(event, path).value
        if value is None and isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if value is None or isinstance(value, str):
            return value or ""
        self._report(event, path, f"found {value_text(value)} as a key, expected text")
        return None

    def _merged(self, value: ParsedValue, path: KeyPath) -> list[ParsedValue]:
        """The mappings that `<<: value` merges."""
        candidates = list(value.children.values()) if isinstance(value.value, list) else [value]
        for candidate in candidates:
            if not isinstance(candidate.value, dict):
                text = f"found {value_text(candidate.value)}, expected a mapping to merge"
                self.problems.append(Problem(candidate.line, path, text))
        return [candidate for candidate in candidates if isinstance(candidate.value, dict)]

    def _text(self, event: yaml.ScalarEvent, path: KeyPath) -> str:
        """The scalar's text. An escape may be half of a surrogate pair, which UTF-8 can't encode."""
        text = str(event.value)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self._report(event, path, "found half of a surrogate pair, expected text")
            return text.encode("utf-8", "replace").decode("utf-8")
        return text

    def _count(self, event: yaml.Event, path: KeyPath, count: int) -> None:
        self.count += count
        if self.count > MAX_VALUES:
            raise InvalidYaml(
                _line(event), f"found more than {MAX_VALUES} values, aliases spelled out", path[:4]
            )

    def _report(self, event: yaml.Event, path: KeyPath, text: str) -> None:
        self.problems.append(Problem(_line(event), path, text))


def _is_plain(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.style is None and event.tag is None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
