"""A task that runs before the services of an environment restart, such as a migration of its database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_TIMEOUT = 1800.0
"""Seconds."""


class Once(StrEnum):
    """How often a task runs: once for the same command and images, or in each deployment."""

    RELEASE = "release"
    ALWAYS = "always"


class On(StrEnum):
    """The deployments in which a task runs. `DEPLOY` includes promotions, `ROLLBACK` automatic rollbacks."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeTask:
    """A task as the project file describes it.

    Args:
        id: its id, which is unique in the environment.
        task_definition: the template of its task definition: a family, a family with a revision, or an ARN.
        container: the container whose exit code counts; None if the task definition has only one.
        command: replaces this container's command; None leaves the command of the task definition or the image.
        like: the id of a service that runs in the same cluster, with the same network and launch settings; None if these are
            given here.
        cluster: the template of the cluster's name or ARN; None with `like`.
        launch_type: FARGATE, EC2 or EXTERNAL; None: the cluster's default.
        capacity_provider: instead of a launch type.
        subnets: the subnets of a task in the network mode `awsvpc`.
        security_groups: its security groups; empty: the default of the VPC.
        assign_public_ip: whether it gets a public address.
        timeout: for how many seconds it may run.
        once: how often it runs.
        on: in which deployments it runs.

    """

    id: str
    task_definition: str
    container: str | None = None
    command: tuple[str, ...] | None = None
    like: str | None = None
    cluster: str | None = None
    launch_type: str | None = None
    capacity_provider: str | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    assign_public_ip: bool = False
    timeout: float = DEFAULT_TIMEOUT
    once: Once = Once.RELEASE
    on: frozenset[On] = frozenset({On.DEPLOY})
