"""Validates a project file by its schema, and describes what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from weco_deploy.config.field_types import TYPE_TAGS
from weco_deploy.config.nodes import KeyPath, Node, Problem, value_text
from weco_deploy.config.schema import (
    ENTRY_OF_KEY,
    BeforeEntry,
    CheckEntry,
    CodeDeployEntry,
    Entry,
    EnvironmentEntry,
    ExpectEntry,
    FileEntry,
    GitHubEntry,
    ImageEntry,
    NotifyEntry,
    ProjectEntry,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_ITEM_NAMES: Mapping[KeyPath, str] = {
    (): "project",
    ("environments",): "environment",
    ("image_repositories",): "image",
    ("command",): "argument",
    ("run",): "argument",
    ("on",): "of deploy and rollback",
}
_DESCRIPTIONS: Mapping[type[Entry], str] = {
    ProjectEntry: "a project: a mapping with environments and image_repositories",
    EnvironmentEntry: "an environment: a mapping with the key id",
    ImageEntry: "an image: a mapping with the key id",
    NotifyEntry: "a destination: a mapping with the key url_from",
    GitHubEntry: "a mapping with deployments, labels or comments",
    CodeDeployEntry: "a mapping with the keys application and deployment_group",
    BeforeEntry: "a task: a mapping with the keys id and task_definition",
    CheckEntry: "a check: a mapping with the key id, and run or http",
    ExpectEntry: "a mapping with status, fields or image",
}
_NO_SECRETS = frozenset({"events", "environments"})
"""The keys of a destination whose values are shown."""
_KEY = "[key]"  # the last step of pydantic's location if the key of a mapping is invalid


def validate(root: Node) -> tuple[FileEntry | None, tuple[Problem, ...]]:
    """The file's entries (None if they are invalid) and the problems with them."""
    try:
        return FileEntry.model_validate(root.value), ()
    except ValidationError as error:
        return None, tuple(_problem(root, detail) for detail in error.errors(include_url=False))


def _problem(root: Node, detail: ErrorDetails) -> Problem:
    location = detail["loc"]
    # A project's id may look like a tag, so the first step is kept.
    path: KeyPath = (*location[:1], *(key for key in location[1:] if key not in TYPE_TAGS.values()))
    if path[1:] and path[-1] == _KEY:
        return root.nearest(path[:-1]).problem(
            f"found {value_text(str(path[-2]))}, {_expected(path, detail)}"
        )
    node = root.nearest(path)
    if detail["type"] == "missing":
        field = _entry_at(path[:-1]).model_fields[str(path[-1])]
        return Problem(node.line, path, f"missing; expected {field.description}")
    return node.problem(f"found {_found(node)}, {_expected(path, detail)}")


def _found(node: Node) -> str:
    """The value, unless it may be the URL of a destination, which is a secret."""
    if "notify" in node.path and node.text is not None and not _NO_SECRETS.intersection(node.path):
        return "a text that is not repeated here, because it may be a secret"
    return value_text(node.value)


def _entry_at(path: KeyPath) -> type[Entry]:
    """The type of the mapping at `path`: a project at the top, else by the last key."""
    keys = [key for key in path[1:] if isinstance(key, str)]
    return ENTRY_OF_KEY[keys[-1]] if keys else ProjectEntry


def _expected(path: KeyPath, detail: ErrorDetails) -> str:
    match detail["type"]:
        case "list_type":
            return "expected a list"
        case "too_short":
            return f"expected at least one {_ITEM_NAMES[path[-1:]]}"
        case "model_type":
            return f"expected {_DESCRIPTIONS[_entry_at(path)]}"
        case "dict_type":
            return f"expected a mapping of {'names to texts' if path else 'project ids to projects'}"
        case "literal_error":
            return f"expected {detail['ctx']['expected']}"
        case _:
            return detail["msg"]
