"""Reads only the ids in a project file, also in an invalid one: for completion, which must be quick."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weco_deploy.config.location import read
from weco_deploy.config.nodes import Node
from weco_deploy.config.syntax import parse


@dataclass(frozen=True, slots=True)
class ProjectIds:
    """The ids in a project, in the order of the file."""

    id: str
    environments: tuple[str, ...]
    images: tuple[str, ...]
    services: tuple[str, ...]


def read_ids(path: Path) -> tuple[ProjectIds, ...]:
    """The ids of all projects in the file.

    Raises ProjectFileError or InvalidYaml if the file can't be read or is not YAML.
    """
    root, _ = parse(read(path))
    return () if root is None else tuple(_project(node) for node in root.entries())


def _project(node: Node) -> ProjectIds:
    images = list(node.items("image_repositories"))
    services = (service for image in images for service in image.items("services"))
    return ProjectIds(
        id=str(node.path[-1]),
        environments=tuple(_ids(node.items("environments"))),
        images=tuple(_ids(iter(images))),
        services=tuple(dict.fromkeys(_ids(services))),
    )


def _ids(entries: Iterator[Node]) -> Iterator[str]:
    for entry in entries:
        text = (entry.at("id") or entry).text
        if text:
            yield text
