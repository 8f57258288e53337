"""Decides which events of a run are occasions for messages. A run that rolls back automatically ends with one message."""

from __future__ import annotations

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.events import Claimed, Event, RollingBack, Settled, Settling, Waiting
from weco_deploy.model.notification import NotifyEvent, Occasion

_ENDS = {
    DeploymentStatus.SUCCEEDED: NotifyEvent.SUCCEEDED,
    DeploymentStatus.ROLLED_BACK: NotifyEvent.ROLLED_BACK,
}


class Occasions:
    """Takes the events of a run in their order, and returns the occasion that an event is, if any.

    An end is only an occasion if this run claimed the deployment: `confirm-deploy` also judges deployments without
    recording anything.
    """

    def __init__(self) -> None:
        self._claimed: str | None = None
        self._rolled_back: str | None = None

    def __call__(self, event: Event) -> Occasion | None:
        match event:
            case Waiting(message):
                return Occasion(event=NotifyEvent.WAITING, text=message)
            case RollingBack(failed):
                self._rolled_back = failed.deployment_id
            case Claimed(deployment, plan) if self._rolled_back is None:
                self._claimed = deployment.deployment_id
                return Occasion(event=NotifyEvent.STARTED, deployment=deployment) if plan else None
            case Settling(deployment):
                return _end(deployment)
            case Settled(deployment) if self._is_ours(deployment):
                return _end(deployment)
        return None

    def _is_ours(self, deployment: Deployment) -> bool:
        """Whether it is the deployment of this run, and not its automatic rollback, which the last event contains."""
        return deployment.deployment_id == (self._rolled_back or self._claimed)


def _end(deployment: Deployment) -> Occasion:
    event = _ENDS.get(deployment.status, NotifyEvent.FAILED)
    return Occasion(event=event, deployment=deployment)
