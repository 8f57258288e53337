"""Templates of names, with placeholders such as `{environment}`."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def placeholders(template: str) -> frozenset[str]:
    """The names in the template's placeholders."""
    return frozenset(_PLACEHOLDER.findall(template))


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with a value in each placeholder. Raises KeyError if a value is missing."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def could_be(text: str, template: str) -> bool:
    """Whether the template, with some values, gives this text. Never of a template without letters of its own."""
    literals = _PLACEHOLDER.split(template)[::2]
    return (
        any(map(str.isalpha, "".join(literals)))
        and re.fullmatch(".+".join(map(re.escape, literals)), text) is not None
    )
