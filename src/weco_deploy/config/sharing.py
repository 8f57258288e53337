"""Finds projects in a file that would move the same tags, or would have their records in the same table.

A lock protects an environment of one project, so two projects that share a repository and the tag of an environment would both
move this tag without noticing each other. A table is for the records of one project, and its keys don't name
the project. Projects in different files can't be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weco_deploy.config import default_names, patterns
from weco_deploy.config.nodes import Node, Problem
from weco_deploy.config.outline import ImageOutline, ProjectOutline


@dataclass(frozen=True, slots=True)
class _TagUser:
    """A project that moves the tags of its environments in the repository of one of its images."""

    project_id: str
    tags: frozenset[str]
    image: ImageOutline


def shared_tags(projects: Iterable[ProjectOutline]) -> Iterator[Problem]:
    """A problem for each image whose tags an earlier project in the same registry moves, too.

    Projects without account_id and role_arn use the caller's account, so they share a registry. A project that names its
    account is assumed not to share a registry with a project that doesn't.
    """
    users: dict[tuple[tuple[str, str], str], list[_TagUser]] = {}
    for project in projects:
        for image in project.images:
            if project.registry and image.repository and image.tag:
                tags = [image.tag.filled(environment) for environment in project.environments]
                user = _TagUser(project.id, frozenset(tag for tag in tags if tag is not None), image)
                earlier = users.setdefault((project.registry, image.repository), [])
                yield from _tag_conflicts(user, earlier)
                earlier.append(user)


def _tag_conflicts(user: _TagUser, earlier: Iterable[_TagUser]) -> Iterator[Problem]:
    for other in earlier:
        both = user.tags & other.tags
        if both and other.project_id != user.project_id:
            tags = ", ".join(sorted(both))
            yield user.image.node.problem(
                f"found the repository {user.image.repository!r} with {tags}, which the project "
                f"{other.project_id!r} moves too (line {other.image.node.line}), "
                "expected another repository or other environment ids"
            )


@dataclass(frozen=True, slots=True)
class _TableUser:
    """A project and its release table. `node` is the node that determines the table's name."""

    project_id: str
    table: str
    registry: tuple[str, str]
    node: Node

    def may_share_with(self, other: _TableUser) -> bool:
        """Whether both may use the same table: the names are equal, and neither region nor account is known to differ."""
        (account, region), (other_account, other_region) = self.registry, other.registry
        accounts_differ = bool(account and other_account) and account != other_account
        return self.table == other.table and region == other_region and not accounts_differ


def shared_tables(projects: Iterable[ProjectOutline]) -> Iterator[Problem]:
    """A problem for each project that may have the same release table as an earlier project.

    If only one of two projects names its account, the accounts may still be the same. That is a problem, too: choosing
    another table name is easy, but mixed records can't be separated again.
    """
    earlier: list[_TableUser] = []
    for project in projects:
        user = _table_user(project)
        if user is None:
            continue
        other = next((candidate for candidate in earlier if user.may_share_with(candidate)), None)
        if other is not None:
            yield user.node.problem(
                f"found the release table {user.table!r} of the project {other.project_id!r} "
                f"(line {other.node.line}), expected a table of its own"
            )
        earlier.append(user)


def _table_user(project: ProjectOutline) -> _TableUser | None:
    """The project's table; None if the registry or the table's name is invalid."""
    if project.registry is None:
        return None
    given = project.node.at("release_table")
    table = default_names.release_table(project.id) if given is None else given.text
    if table is None or not patterns.TABLE.matches(table):
        return None
    return _TableUser(project.id, table, project.registry, given or project.node)
