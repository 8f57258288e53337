"""What must hold between the entries of one project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from weco_deploy.config import default_names, patterns
from weco_deploy.config.nodes import Fault, Spot, fault
from weco_deploy.config.outline import EnvironmentOutline, ImageOutline, Named, ProjectOutline
from weco_deploy.config.spelling import meant


def contradictions(project: ProjectOutline) -> Iterator[Fault]:
    """A fault for each pair of entries that contradict each other, and each name that can't be."""
    yield from _regions(project)
    yield from _table(project)
    yield from _twice("environment", (environment.named for environment in project.environments))
    yield from _twice("image", (image.named for image in project.images))
    for image in project.images:
        yield from _twice("service", image.services)
    yield from _repositories(project.images)
    known = dict.fromkeys(environment.named.id for environment in project.environments)
    for environment in project.environments:
        yield from _twice("required environment", environment.requires)
        yield from _required(environment, known)
    yield from _circles(project.environments)


def _twice(what: str, all_named: Iterable[Named]) -> Iterator[Fault]:
    first: dict[str, Named] = {}
    for named in all_named:
        earlier = first.setdefault(named.id, named)
        if earlier is not named:
            yield fault(named.spot, f"found the {what} {named.id!r} twice, first on line {earlier.spot.line}")


def _regions(project: ProjectOutline) -> Iterator[Fault]:
    ours, alias = project.named.spot.at("region_name"), project.named.spot.at("aws_region_name")
    if ours and alias and ours.text != alias.text:
        yield fault(
            alias, f"found another region than region_name on line {ours.line}, expected one of the two keys"
        )


def _table(project: ProjectOutline) -> Iterator[Fault]:
    spot = project.named.spot
    table = default_names.release_table(project.named.id)
    if (
        patterns.PROJECT_ID.fits(project.named.id)
        and not spot.at("release_table")
        and not patterns.TABLE.fits(table)
    ):
        yield fault(
            spot,
            f"the id makes the table name {table!r}, expected {patterns.TABLE.what}; or give release_table",
        )


def _repositories(images: Iterable[ImageOutline]) -> Iterator[Fault]:
    first: dict[str, ImageOutline] = {}
    for image in images:
        if image.repository is None:
            continue
        if not patterns.REPOSITORY.fits(image.repository):
            yield fault(
                image.named.spot,
                f"the id makes the repository name {image.repository!r}, expected {patterns.REPOSITORY.what}; or give repository",
            )
        earlier = first.setdefault(image.repository, image)
        if earlier.named.id != image.named.id:
            yield fault(
                image.named.spot,
                f"found the repository {image.repository!r} again, expected one image for it: "
                f"{earlier.named.id!r} on line {earlier.named.spot.line} has it",
            )


def _required(environment: EnvironmentOutline, known: Collection[str]) -> Iterator[Fault]:
    for required in environment.requires:
        if required.id == environment.named.id:
            yield fault(
                required.spot, f"found {required.id!r} requiring itself, expected another environment"
            )
        elif required.id not in known:
            likely = meant(required.id, known)
            yield fault(
                required.spot, f"found {required.id!r}, expected an environment of this project{likely}"
            )


def _circles(environments: Iterable[EnvironmentOutline]) -> Iterator[Fault]:
    """A fault for each circle of `requires`, at the environment of it that stands first in the file."""
    spots: dict[str, Spot] = {}
    requires: dict[str, list[str]] = {}
    for environment in environments:
        own = environment.named.id
        spots.setdefault(own, environment.named.spot)
        requires.setdefault(own, []).extend(one.id for one in environment.requires if one.id != own)
    while circle := _circle(requires):
        start = circle.index(next(one for one in spots if one in circle))
        way = [*circle[start:], *circle[:start], circle[start]]
        yield fault(
            spots[way[0]], f"found a circle of requires, {' → '.join(way)}: no release could ever go there"
        )
        for one in circle:
            del requires[one]


def _circle(requires: Mapping[str, Iterable[str]]) -> Sequence[str]:
    """Environments of which each requires the next and the last the first, or nothing."""
    try:
        TopologicalSorter(requires).prepare()
    except CycleError as error:
        ordered: list[str] = error.args[1]  # each is required by the next, and the first stands at both ends
        return ordered[:0:-1]
    return ()
