"""What an account's ECS has, and the project that `init` makes from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from weco_deploy.model.image import Repository
from weco_deploy.model.project import Project
from weco_deploy.model.registry import EcrAddress, ImageName
from weco_deploy.model.service import Service


@dataclass(frozen=True, slots=True, order=True)
class EcrTag:
    """A tag of an ECR repository, as a task definition names it."""

    account: str
    region: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, image: str) -> EcrTag | None:
        """The tag in an image's name; None if it is not in ECR, or named by its digest. Without a tag it is `latest`."""
        name = ImageName.parse(image)
        address = EcrAddress.parse(name.registry)
        if address is None or name.by_digest:
            return None
        return cls(address.account, address.region, name.repository, name.tag or "latest")

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service, and the images in its task definition."""

    service: Service
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The services of an account and region, and the repositories that their task definitions name, as far as they exist."""

    account_id: str
    region_name: str
    services: tuple[ListedService, ...]
    repositories: Mapping[str, Repository] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """Patterns (`*`, `?`) of the clusters and repositories to look at. No pattern selects everything."""

    clusters: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()

    def has_cluster(self, name: str) -> bool:
        return not self.clusters or any(fnmatchcase(name, pattern) for pattern in self.clusters)

    def has_repository(self, name: str) -> bool:
        return not self.repositories or any(fnmatchcase(name, pattern) for pattern in self.repositories)


@dataclass(frozen=True, slots=True, order=True)
class Unplaced:
    """A service (`<cluster>/<name>`), an image (`<repository>:<tag>`) or a repository that is not in the project, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The project that describes what was found; None if nothing fits.

    `comments` say by service id what is unusual about a service.
    """

    project: Project | None
    unplaced: tuple[Unplaced, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
