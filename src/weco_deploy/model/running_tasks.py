"""The running tasks of a service, as a deployment last polled it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTasks:
    """How many tasks of a service run, and should run.

    `new` counts the tasks that the watched ECS deployment started, `old` all others. `old_digests` are the digests, by image id,
    that the service ran before the deployment, if all old tasks still run them; empty if that is unknown.
    """

    desired: int
    new: int
    old: int
    old_digests: Mapping[str, str] = field(default_factory=dict)
