"""Adds to a running sandbox what its project file names now and did not name when the sandbox was started."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from weco_deploy.errors import SandboxError
from weco_deploy.model.project import Project
from weco_deploy.sandbox import running, state
from weco_deploy.sandbox.accounts import caller_account
from weco_deploy.sandbox.directory import command
from weco_deploy.sandbox.provision import LATEST
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.running import Sandbox
from weco_deploy.sandbox.state import MadeService, MadeTask, PushTarget, State
from weco_deploy.sandbox.threads import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """How the resources that the project file names differ from those of a running sandbox.

    Attributes:
        images: repositories that are new.
        services: services that are new.
        tags: repositories that are there, each with the `env_tags` it lacks.
        changed: services that the file gives other images than the sandbox did; they stay as they are.
        gone: services that the file does not name any more; they stay, too.
        tasks: task definitions that are new.

    """

    images: tuple[PushTarget, ...]
    services: tuple[MadeService, ...]
    tags: tuple[PushTarget, ...]
    changed: tuple[MadeService, ...]
    gone: tuple[MadeService, ...]
    tasks: tuple[MadeTask, ...] = ()


def compare(current: State, wanted: State) -> Update:
    """`wanted` is the state of a sandbox that would be started with the file as it is now, or with a project of it."""
    repositories = {image.address for image in current.images}
    services = {service.address: service for service in current.services}
    tags = {(image.address, tag) for image in current.images for tag in image.env_tags}
    projects = {image.project_id for image in wanted.images} | {
        service.project_id for service in wanted.services
    }
    named = {service.address for service in wanted.services}
    tasks = {task.address for task in current.tasks}
    return Update(
        images=tuple(image for image in wanted.images if image.address not in repositories),
        services=tuple(service for service in wanted.services if service.address not in services),
        tags=tuple(
            dataclasses.replace(image, env_tags=lacking)
            for image in wanted.images
            if image.address in repositories
            and (lacking := tuple(tag for tag in image.env_tags if (image.address, tag) not in tags))
        ),
        changed=tuple(
            service
            for service in wanted.services
            if service.address in services and services[service.address].images != service.images
        ),
        gone=tuple(
            service
            for service in current.services
            if service.project_id in projects and service.address not in named
        ),
        tasks=tuple(task for task in wanted.tasks if task.address not in tasks),
    )


def wanted_state(sandbox: Sandbox, projects: Sequence[Project], project_file: Path) -> State:
    """The state that the sandbox would have if it were started now. SandboxError: it must be started anew for that."""
    current = sandbox.state
    account = caller_account(projects, otherwise=current.account)
    if account != current.account:
        raise SandboxError(
            f"the running sandbox gives out credentials of the account {current.account}, "
            f"and the project file now names {account}",
            (command(sandbox.directory, "stop"), ", then ", command(sandbox.directory, "start")),
        )
    return running.new_state(projects, current.ports, account, current.estate, project_file)


def apply(sandbox: Sandbox, wanted: State, update: Update) -> None:
    """Create what is new, and note it in the sandbox's state file. Raises SandboxError."""
    registry = Registry(sandbox.state.ports.emulator)
    side_by_side(
        partial(registry.tag, image.place, image.repository, LATEST, image.env_tags) for image in update.tags
    )
    running.create(sandbox, update.images, update.services, update.tasks)
    state.write(sandbox.directory, _merged(sandbox.state, wanted))


def _merged(current: State, wanted: State) -> State:
    """What the sandbox has now: all that it had, and what was created."""
    images = {(image.project_id, image.image_id, image.address): image for image in current.images}
    images |= {(image.project_id, image.image_id, image.address): image for image in wanted.images}
    services = {service.address: service for service in wanted.services}
    services |= {service.address: service for service in current.services}
    tasks = {task.address: task for task in (*wanted.tasks, *current.tasks)}
    return dataclasses.replace(
        current,
        project_file=wanted.project_file,
        project_file_digest=wanted.project_file_digest,
        images=tuple(images.values()),
        services=tuple(services.values()),
        tasks=tuple(tasks.values()),
    )
