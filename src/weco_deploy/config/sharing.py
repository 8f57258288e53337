"""Projects of one file that would move the same tags, or write to the same table.

A lock holds one project's environment: two projects that share a repository and an environment id
move the same tag `env.<id>` without seeing each other. A table holds one project's record, and the
environments in it are known by their ids alone. Across files neither can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weco_deploy.config import default_names, patterns
from weco_deploy.config.nodes import Fault, Spot, fault
from weco_deploy.config.outline import ImageOutline, ProjectOutline


@dataclass(frozen=True, slots=True)
class _Mover:
    """A project that moves the tags of its environments in the repository of one of its images."""

    project_id: str
    environment_ids: frozenset[str]
    image: ImageOutline


def shared_tags(projects: Iterable[ProjectOutline]) -> Iterator[Fault]:
    """A fault for each image whose tags an earlier project of the same registry moves too.

    Projects without account_id and role_arn use the caller's account, so two of them share it; of
    one that names its account and one that does not, nothing is known, and nothing is said.
    """
    movers: dict[tuple[tuple[str, str], str], list[_Mover]] = {}
    for project in projects:
        environment_ids = frozenset(environment.named.id for environment in project.environments)
        for image in project.images:
            if project.registry and image.repository:
                mover = _Mover(project.named.id, environment_ids, image)
                earlier = movers.setdefault((project.registry, image.repository), [])
                yield from _clashes(mover, earlier)
                earlier.append(mover)


def _clashes(mover: _Mover, earlier: Iterable[_Mover]) -> Iterator[Fault]:
    for other in earlier:
        both = mover.environment_ids & other.environment_ids
        if both and other.project_id != mover.project_id:
            tags = ", ".join(f"env.{environment_id}" for environment_id in sorted(both))
            yield fault(
                mover.image.named.spot,
                f"found the repository {mover.image.repository!r} with {tags}, which the project "
                f"{other.project_id!r} moves too (line {other.image.named.spot.line}), "
                "expected another repository or other environment ids",
            )


@dataclass(frozen=True, slots=True)
class _Keeper:
    """A project and the table that it keeps its record in; `spot` is what gives the table its name."""

    project_id: str
    table: str
    registry: tuple[str, str]
    spot: Spot

    def shares_with(self, other: _Keeper) -> bool:
        """Whether it is, or may be, one table: it is two in two regions or accounts."""
        (account, region), (other_account, other_region) = self.registry, other.registry
        accounts_differ = bool(account and other_account) and account != other_account
        return self.table == other.table and region == other_region and not accounts_differ


def shared_tables(projects: Iterable[ProjectOutline]) -> Iterator[Fault]:
    """A fault for each project whose release table an earlier one has too.

    Where one of two projects does not name its account, it may be the other's: that is a fault as well,
    because another name for a table is easily found and two mixed records are not taken apart again.
    """
    earlier: list[_Keeper] = []
    for project in projects:
        keeper = _keeper(project)
        if keeper is None:
            continue
        other = next((each for each in earlier if keeper.shares_with(each)), None)
        if other is not None:
            yield fault(
                keeper.spot,
                f"found the release table {keeper.table!r} of the project {other.project_id!r} "
                f"(line {other.spot.line}), expected a table of its own",
            )
        earlier.append(keeper)


def _keeper(project: ProjectOutline) -> _Keeper | None:
    """None where what makes it is at fault."""
    if project.registry is None:
        return None
    given = project.named.spot.at("release_table")
    table = default_names.release_table(project.named.id) if given is None else given.text
    if table is None or not patterns.TABLE.fits(table):
        return None
    return _Keeper(project.named.id, table, project.registry, given or project.named.spot)
