"""What differs between deployment strategies, ECS's own and CodeDeploy, when a rollout is judged.

`rolling.py` judges all of them: whose deployment runs, whether its tasks are good, whether ECS calls it successful.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.track import Track


class Strategy(Protocol):
    """A deployment strategy of ECS. `strategies.py` lists them."""

    @property
    def old_tasks_may_stay(self) -> bool:
        """Whether a service may succeed while old tasks run that are protected or removed later (`old_tasks.py`)."""
        ...

    @property
    def begins_beside(self) -> bool:
        """Whether our deployment becomes PRIMARY only once traffic has shifted to it."""
        ...

    def state(self, track: Track, view: ServiceView) -> str:
        """What ECS does now by its configuration, in plain words; empty while it only starts and stops tasks."""
        ...

    def waits_for(self, track: Track, view: ServiceView) -> str:
        """What success needs besides good tasks, and does not have yet; empty if nothing."""
        ...

    def own_wait(self, service: Service) -> timedelta:
        """How much longer than starting and stopping tasks a deployment takes, by the service's configuration; without its pauses."""
        ...
