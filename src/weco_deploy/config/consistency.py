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
        for service in image.services:
            yield from _duplicates("service", service.after)
    yield from _invalid_predecessors(project.images)
    yield from _predecessor_cycles(project.images)
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
    for first, ids in _cycles((environment, environment.requires) for environment in environments):
        yield first.problem(f"found a circle of requires, {' → '.join(ids)}: no release could ever go there")


def _invalid_predecessors(images: Sequence[ImageOutline]) -> Iterator[Problem]:
    known_ids = dict.fromkeys(service.id for image in images for service in image.services)
    for service in (service for image in images for service in image.services):
        for before in service.after:
            if before.id == service.id:
                yield before.node.problem(f"found {before.id!r} after itself, expected another service")
            elif before.id not in known_ids:
                suggestion = did_you_mean(before.id, known_ids)
                yield before.node.problem(
                    f"found {before.id!r}, expected a service of this project{suggestion}"
                )


def _predecessor_cycles(images: Iterable[ImageOutline]) -> Iterator[Problem]:
    """A problem for each cycle of `after`, at the cycle's first service in the file."""
    services = (service for image in images for service in image.services)
    for first, ids in _cycles((service, service.after) for service in services):
        yield first.problem(f"found a circle of after, {' → '.join(ids)}: none of them could ever be first")


def _cycles(
    entries: Iterable[tuple[Identified, Iterable[Identified]]],
) -> Iterator[tuple[Node, Sequence[str]]]:
    """Each cycle of entries that name others: its first node in the file, and its ids from there round to the first."""
    nodes: dict[str, Node] = {}
    named: dict[str, list[str]] = {}
    for entry, others in entries:
        nodes.setdefault(entry.id, entry.node)
        named.setdefault(entry.id, []).extend(other.id for other in others if other.id != entry.id)
    while cycle := _cycle(named):
        start = cycle.index(next(entry_id for entry_id in nodes if entry_id in cycle))
        yield nodes[cycle[start]], [*cycle[start:], *cycle[:start], cycle[start]]
        for entry_id in cycle:
            del named[entry_id]


def _nothing_for_github(project: ProjectOutline) -> Iterator[Problem]:
    github = project.node.at("github")
    wanted = ("deployments", "labels", "comments")
    if github is not None and isinstance(github.value, dict) and not any(map(github.at, wanted)):
        yield github.problem(f"found none of {', '.join(wanted)}, expected at least one of them")


def _cycle(named: Mapping[str, Iterable[str]]) -> Sequence[str]:
    """The ids of a cycle: each names the next, and the last names the first. Empty if there is none."""
    try:
        TopologicalSorter(named).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]  # each is named by the next; the last repeats the first
        return nodes[:0:-1]
    return ()
