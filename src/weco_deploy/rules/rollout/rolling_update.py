"""The strategy ROLLING: new tasks replace old ones step by step. ECS makes nothing wait by its configuration."""

from __future__ import annotations

from datetime import timedelta

from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.track import Track


class RollingUpdate:
    """ROLLING. Its `rolloutState` tells enough; ECS's verdict is more evidence where it can be read."""

    old_tasks_may_stay = True
    begins_beside = False

    def state(self, track: Track, view: ServiceView) -> str:  # noqa: ARG002 - the interface of all strategies
        return ""

    def waits_for(self, track: Track, view: ServiceView) -> str:  # noqa: ARG002 - the interface of all strategies
        return ""

    def own_wait(self, service: Service) -> timedelta:  # noqa: ARG002 - the interface of all strategies
        return timedelta(0)
