"""Finds unknown keys, and suggests the right spelling of names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import islice

from weco_deploy.config.nodes import Node, Problem
from weco_deploy.config.schema import ENTRY_OF_KEY, Entry, ProjectEntry

# Comparing long names with all names of a huge file would take minutes.
_MAX_LENGTH = 100
_MAX_CANDIDATES = 500


def unknown_keys(root: Node) -> Iterator[Problem]:
    """A warning for each unknown key of a mapping, in the order of the file."""
    for project in root.entries():
        yield from _unknown(project, ProjectEntry)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """` (did you mean 'stage'?)` if `given` is close to a known name, else an empty string."""
    close = get_close_matches(given[:_MAX_LENGTH], list(islice(known, _MAX_CANDIDATES)), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _unknown(mapping: Node, entry: type[Entry]) -> Iterator[Problem]:
    for value in mapping.entries():
        key = str(value.path[-1])
        if key not in entry.model_fields:
            yield value.problem(f"unknown key, ignored{did_you_mean(key, entry.model_fields)}")
        elif key in ENTRY_OF_KEY:
            below = value.children() if isinstance(value.value, list) else [value]
            for child in below:
                yield from _unknown(child, ENTRY_OF_KEY[key])
