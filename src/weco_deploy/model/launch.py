"""Where and how ECS runs tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CapacityProvider:
    """An item of a capacity provider strategy."""

    name: str
    weight: int = 1
    base: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The cluster (a name or ARN), the network and the capacity of tasks.

    `launch_type` is FARGATE, EC2 or EXTERNAL; it is empty with `capacity_providers`, or if the cluster's default counts.
    `subnets` are empty if tasks have no network interface of their own.
    """

    cluster: str
    launch_type: str = ""
    capacity_providers: tuple[CapacityProvider, ...] = ()
    platform_version: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    assign_public_ip: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A task to run. ECS runs one task for each `token`, however often it is asked.

    `definition` is the ARN of a task definition's revision. `command` replaces that of `container`, unless it is None.
    """

    definition: str
    container: str
    command: tuple[str, ...] | None
    launch: Launch
    token: str
