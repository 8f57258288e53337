"""Target groups of load balancers, and the health of the targets in them, as they were observed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group in which ECS registers the tasks of a service: the container and its port that get the requests."""

    arn: str
    container: str
    port: int

    @property
    def name(self) -> str:
        """Its name; the ARN ends in `targetgroup/<name>/<id>`."""
        return self.arn.split("/")[-2] if self.arn.count("/") > 1 else self.arn


@dataclass(frozen=True, slots=True)
class Target:
    """A target in a target group.

    `id` is the IP address of a task, or the id of an EC2 instance that runs tasks. `state` is initial, healthy, unhealthy,
    unused, draining, unhealthy.draining or unavailable. `reason` is the code
    for why it is not healthy, such as Target.NotInUse, and `description` the load balancer's words; both may be empty.
    """

    id: str
    port: int
    state: str
    reason: str = ""
    description: str = ""
