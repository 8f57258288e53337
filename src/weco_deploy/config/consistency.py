"""Checks the entries of a project against each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from weco_deploy.config import default_names, patterns
from weco_deploy.config.nodes import Node, Problem
from weco_deploy.config.outline import EnvironmentOutline, Identified, ImageOutline, ProjectOutline
from weco_deploy.config.spelling import did_you_mean


def inconsistencies(project: ProjectOutline) -> Iterator[Problem]:
    """Entries that contradict each other, and ids that make an invalid repository or table name."""
    yield from _regions(project)
    yield from _table_name(project)
    yield from _duplicates("environment", project.environments)
    yield from _duplicates("image", project.images)
    for image in project.images:
        yield from _duplicates("service", image.services)
    yield from _repositories(project.images)
    known_ids = dict.fromkeys(environment.id for environment in project.environments)
    for environment in project.environments:
        yield from _duplicates("required environment", environment.requires)
        yield from _invalid_requirements(environment, known_ids)
    yield from _requirement_cycles(project.environments)
    yield from _nothing_for_github(project)


def _duplicates(kind: str, entries: Iterable[Identified]) -> Iterator[Problem]:
    first_with_id: dict[str, Identified] = {}
    for entry in entries:
        first = first_with_id.setdefault(entry.id, entry)
        if first is not entry:
            yield entry.node.problem(f"found the {kind} {entry.id!r} twice, first on line {first.node.line}")


def _regions(project: ProjectOutline) -> Iterator[Problem]:
    region, alias = project.node.at("region_name"), project.node.at("aws_region_name")
    if region and alias and region.text != alias.text:
        yield alias.problem(
            f"found another region than region_name on line {region.line}, expected one of the two keys"
        )


def _table_name(project: ProjectOutline) -> Iterator[Problem]:
    if project.node.at("release_table") or not patterns.PROJECT_ID.matches(project.id):
        return
    table = default_names.release_table(project.id)
    if not patterns.TABLE.matches(table):
        yield project.node.problem(
            f"the id makes the table name {table!r}, expected {patterns.TABLE.description}; or give release_table"
        )


def _repositories(images: Iterable[ImageOutline]) -> Iterator[Problem]:
    first_with_repository: dict[str, ImageOutline] = {}
    for image in images:
        if image.repository is None:
            continue
        if not patterns.REPOSITORY.matches(image.repository):
            yield image.node.problem(
                f"the id makes the repository name {image.repository!r}, "
                f"expected {patterns.REPOSITORY.description}; or give repository"
            )
        first = first_with_repository.setdefault(image.repository, image)
        if first.id != image.id:
            yield image.node.problem(
                f"found the repository {image.repository!r} again, expected one image for it: "
                f"{first.id!r} on line {first.node.line} has it"
            )


def _invalid_requirements(environment: EnvironmentOutline, known_ids: Collection[str]) -> Iterator[Problem]:
    for required in environment.requires:
        if required.id == environment.id:
            yield required.node.problem(
                f"found {required.id!r} requiring itself, expected another environment"
            )
        elif required.id not in known_ids:
            suggestion = did_you_mean(required.id, known_ids)
            yield required.node.problem(
                f"found {required.id!r}, expected an environment of this project{suggestion}"
            )


def _requirement_cycles(environments: Iterable[EnvironmentOutline]) -> Iterator[Problem]:
    """A problem for each cycle of `requires`, at the cycle's first environment in the file."""
    nodes: dict[str, Node] = {}
    requires: dict[str, list[str]] = {}
    for environment in environments:
        nodes.setdefault(environment.id, environment.node)
        others = [required.id for required in environment.requires if required.id != environment.id]
        requires.setdefault(environment.id, []).extend(others)
    while cycle := _cycle(requires):
        start = cycle.index(next(environment_id for environment_id in nodes if environment_id in cycle))
        ids = [*cycle[start:], *cycle[:start], cycle[start]]
        yield nodes[ids[0]].problem(
            f"found a circle of requires, {' → '.join(ids)}: no release could ever go there"
        )
        for environment_id in cycle:
            del requires[environment_id]


def _nothing_for_github(project: ProjectOutline) -> Iterator[Problem]:
    github = project.node.at("github")
    wanted = ("deployments", "labels", "comments")
    if github is not None and isinstance(github.value, dict) and not any(map(github.at, wanted)):
        yield github.problem(f"found none of {', '.join(wanted)}, expected at least one of them")


def _cycle(requires: Mapping[str, Iterable[str]]) -> Sequence[str]:
    """The environment ids of a cycle: each requires the next, and the last requires the first. Empty if there is none."""
    try:
        TopologicalSorter(requires).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]  # each is required by the next; the last repeats the first
        return nodes[:0:-1]
    return ()
