"""Every place where the file has not the shape of schema.py, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from weco_deploy.config.nodes import Fault, KeyPath, Spot, fault, shown
from weco_deploy.config.schema import (
    BRANCHES,
    EnvironmentEntry,
    FileEntry,
    ImageEntry,
    ProjectEntry,
    entry_at,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_KEY = "[key]"  # pydantic's location of a mapping's key, when the key itself is at fault
_ITEMS: Mapping[KeyPath, str] = {
    (): "project",
    ("environments",): "environment",
    ("image_repositories",): "image",
}
_MAPPINGS = {
    ProjectEntry: "a project: a mapping with environments and image_repositories",
    EnvironmentEntry: "an environment: a mapping with the key id",
    ImageEntry: "an image: a mapping with the key id",
}


def shape(root: Spot) -> tuple[FileEntry | None, tuple[Fault, ...]]:
    """The file's entries, or None and what is wrong with them."""
    try:
        return FileEntry.model_validate(root.node.value), ()
    except ValidationError as error:
        return None, tuple(_fault(root, detail) for detail in error.errors(include_url=False))


def _fault(root: Spot, detail: ErrorDetails) -> Fault:
    location = detail["loc"]
    if location[1:] == (_KEY,):
        return fault(root.follow(location[:1]), f"found {shown(str(location[0]))}, {detail['msg']}")
    path: KeyPath = (*location[:1], *(key for key in location[1:] if key not in BRANCHES))
    spot = root.follow(path)
    if detail["type"] == "missing":
        field = entry_at(path[:-1]).model_fields[str(path[-1])]
        return Fault(spot.line, path, f"missing; expected {field.description}")
    return fault(spot, f"found {shown(spot.node.value)}, {_expected(path, detail)}")


def _expected(path: KeyPath, detail: ErrorDetails) -> str:
    match detail["type"]:
        case "list_type":
            return "expected a list"
        case "too_short":
            return f"expected at least one {_ITEMS[path[-1:]]}"
        case "model_type":
            return f"expected {_MAPPINGS[entry_at(path)]}"
        case "dict_type":
            return "expected a mapping of project ids to projects"
        case "literal_error":
            return f"expected {detail['ctx']['expected']}"
        case _:
            return detail["msg"]
