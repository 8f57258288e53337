"""The state of a running sandbox in the file `sandbox.json`, so that later commands find it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weco_deploy.errors import NotFound, SandboxError, UsageError
from weco_deploy.model.tags import DEFAULT_REFS
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.estate import Estate

STATE_FILE = "sandbox.json"
SIMULATED = (
    "ECS",
    "RESOURCE_GROUPS_TAGGING_API",
    "STS",
    "CLOUDWATCH_LOGS",
    "ELASTIC_LOAD_BALANCING_V2",
)
"""The services that the sandbox simulates itself, as the variables AWS_ENDPOINT_URL_… call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a sandbox listens on 127.0.0.1: MiniStack on `emulator`, the simulated ECS on `simulation`."""

    emulator: int
    simulation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """The repository of an image of a project.

    `env_tags` are the tags of the environments, which its first image gets; `refs` the patterns of its version tags.
    """

    project_id: str
    image_id: str
    account: str
    region: str
    repository: str
    env_tags: tuple[str, ...] = ()
    refs: tuple[str, ...] = DEFAULT_REFS

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    @property
    def address(self) -> tuple[str, str, str]:
        """What identifies the repository: several images and projects may share it."""
        return self.account, self.region, self.repository


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeService:
    """A service of an environment. `images`: by the ids of the images that it runs, what its containers pull."""

    project_id: str
    environment_id: str
    service_id: str
    images: Mapping[str, str]
    account: str
    region: str
    cluster: str
    name: str

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    @property
    def address(self) -> tuple[str, str, str, str]:
        """What identifies the service in ECS."""
        return self.account, self.region, self.cluster, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeTask:
    """The task definition of a task before the restart. `image` is what its `container` pulls."""

    project_id: str
    account: str
    region: str
    cluster: str
    family: str
    container: str
    image: str

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    @property
    def address(self) -> tuple[str, str, str]:
        """What identifies the task definition in ECS: several tasks may share it."""
        return self.account, self.region, self.family


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How to reach a sandbox, and what it was started with.

    `account` is the caller's; `project_file` is the file it was started with, if known, and `project_file_digest` the
    SHA-256 of what was in it.
    """

    ports: Ports
    account: str
    region: str
    project_file: str | None
    project_file_digest: str | None
    estate: Estate
    images: tuple[PushTarget, ...]
    services: tuple[MadeService, ...]
    tasks: tuple[MadeTask, ...] = ()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports.emulator}"

    @property
    def simulation_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports.simulation}"

    @property
    def endpoints(self) -> Mapping[str, str]:
        """The variables that lead AWS's tools here."""
        simulated = {f"AWS_ENDPOINT_URL_{service}": self.simulation_endpoint for service in SIMULATED}
        return {"AWS_ENDPOINT_URL": self.endpoint} | simulated

    def targets(self, project_id: str | None = None) -> tuple[PushTarget, ...]:
        """The repositories of all projects or of one project, without duplicates. Raises NotFound (no such project)."""
        known = self._images_of(project_id)
        if not known:
            ids = ", ".join(dict.fromkeys(image.project_id for image in self.images))
            raise NotFound(
                f"the sandbox has no images of a project {project_id!r}", f"its projects: {ids or 'none'}"
            )
        return tuple({image.address: image for image in known}.values())

    def target(self, image_id: str, project_id: str | None = None) -> PushTarget:
        """The repository of an image. Raises NotFound (no such image), UsageError (in several projects)."""
        known = self._images_of(project_id)
        found = [image for image in known if image.image_id == image_id]
        if not found:
            ids = ", ".join(dict.fromkeys(image.image_id for image in known))
            raise NotFound(f"the sandbox has no image {image_id!r}", f"its images: {ids or 'none'}")
        if len({image.address for image in found}) > 1:
            ids = ", ".join(image.project_id for image in found)
            raise UsageError(
                f"several projects have an image {image_id!r}",
                f"add --project-id before the command, one of {ids}",
            )
        return found[0]

    def service(
        self, service_id: str, environment_id: str | None = None, project_id: str | None = None
    ) -> MadeService:
        """The service with this id. Raises NotFound (no such service), UsageError (there are several)."""
        known = [service for service in self.services if project_id in {None, service.project_id}]
        named = [service for service in known if service.service_id == service_id]
        found = [service for service in named if environment_id in {None, service.environment_id}]
        if not named:
            ids = ", ".join(dict.fromkeys(service.service_id for service in known))
            raise NotFound(f"the sandbox has no service {service_id!r}", f"its services: {ids or 'none'}")
        if not found:
            ids = ", ".join(service.environment_id for service in named)
            raise NotFound(
                f"the sandbox has no service {service_id!r} in an environment {environment_id!r}",
                f"its environments: {ids}",
            )
        if len(found) > 1:
            projects = list(dict.fromkeys(service.project_id for service in found))
            environments = list(dict.fromkeys(service.environment_id for service in found))
            if len(projects) > 1:
                raise UsageError(
                    f"several projects have a service {service_id!r}",
                    f"add --project-id before the command, one of {', '.join(projects)}",
                )
            raise UsageError(
                f"there is a service {service_id!r} in each of {', '.join(environments)}",
                "say which one with --environment-id",
            )
        return found[0]

    def _images_of(self, project_id: str | None) -> list[PushTarget]:
        """The images of a project, or of all projects if None."""
        return [image for image in self.images if project_id in {None, image.project_id}]


def digest_of(file: Path | None) -> str | None:
    """The SHA-256 of the file's content; None if it can't be read."""
    try:
        return None if file is None else hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None


def write(directory: Path, state: State) -> None:
    """Replace the file in one step, so that no process reads half of it."""
    draft = directory / f"{STATE_FILE}.new"
    draft.write_text(json.dumps(dataclasses.asdict(state) | {"endpoint": state.endpoint}, indent=2) + "\n")
    draft.replace(directory / STATE_FILE)


def read(directory: Path) -> State | None:
    """The state, None if there is no file. SandboxError if `write` did not write the file."""
    file = directory / STATE_FILE
    try:
        document = json.loads(file.read_text())
        return State(
            ports=Ports(**document["ports"]),
            account=document["account"],
            region=document["region"],
            project_file=document["project_file"],
            project_file_digest=document["project_file_digest"],
            estate=Estate(**document["estate"]),
            images=tuple(_target(image) for image in document["images"]),
            services=tuple(MadeService(**service) for service in document["services"]),
            tasks=tuple(MadeTask(**task) for task in document["tasks"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, UsageError) as error:
        raise SandboxError(
            f"{file} can't be read: {error}", "remove its directory once no sandbox runs there"
        ) from error


def _target(document: Mapping[str, Any]) -> PushTarget:
    lists = {name: tuple(document[name]) for name in ("env_tags", "refs")}
    return PushTarget(**{**document, **lists})


def remove(directory: Path) -> None:
    """Remove the file if it exists."""
    with suppress(FileNotFoundError, NotADirectoryError):
        (directory / STATE_FILE).unlink()
