"""Projects of one file that would move the same tags.

A lock holds one project's environment: two projects that share a repository and an environment id
move the same tag `env.<id>` without seeing each other. Across files this can't be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from weco_deploy.config.outline import ImageOutline, ProjectOutline
from weco_deploy.config.tree import Fault, fault


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
