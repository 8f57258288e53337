"""Values with hostile texts in place of what others write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "' onclick='alert(1)",
    "javascript:alert(1)//",
    "</style><style>@import url(//evil.example)</style>",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!--",
    "\u202e\x1b[31m\x00\ud800",
)


def hostile(value: Any, text: str) -> Any:
    """A copy of the value with the text before each string in it, of keys as well, so that ids still agree."""
    match value:
        case Enum() | None:
            return value
        case str():
            return text + value
        case tuple():
            return tuple(hostile(item, text) for item in value)
        case Mapping():
            return {hostile(key, text): hostile(item, text) for key, item in value.items()}
        case _ if is_dataclass(value) and not isinstance(value, type):
            changed = {field.name: hostile(getattr(value, field.name), text) for field in fields(value)}
            return replace(value, **changed)
    return value
