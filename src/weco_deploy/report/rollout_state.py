"""The state of a deployment's services, computed from its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from weco_deploy.model.deployment import GOOD, SETTLED, Deployment, Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.events import (
    Claimed,
    EcsRollbackRequested,
    Event,
    Progress,
    RollingBack,
    ServiceRedeployed,
    ServiceSettled,
    Settled,
    StepFinished,
    StepOutput,
    StepStarted,
    TagMoved,
    TagPutBack,
)
from weco_deploy.model.plan import Plan
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import StepOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A service. `running` and `desired` are None before the first poll; `ended` is None until it is settled.

    `failure` is the first of its failures.
    """

    service_id: str
    key: ServiceKey
    status: ServiceStatus
    state: str = ""
    running: int | None = None
    desired: int | None = None
    since: datetime | None = None
    ended: datetime | None = None
    failure: Failure | None = None

    @property
    def settled(self) -> bool:
        return self.status in SETTLED

    @property
    def failed(self) -> bool:
        """Whether it is settled, but not good. One that was not started did not fail."""
        return self.settled and self.status not in GOOD and self.status is not ServiceStatus.NOT_STARTED

    def looks_like(self, other: Row | None) -> bool:
        """Whether both rows show the same, apart from the time."""
        return other is not None and replace(self, since=None, ended=None) == replace(
            other, since=None, ended=None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutState:
    """The state after some events. `rows` are the services, in the order in which they first appeared.

    `steps` are the deployment's steps, by id, and `last_output` the last line that each of them logged, by id. `closed` is True once the deployment has its verdict.
    """

    rows: Mapping[ServiceKey, Row] = field(default_factory=dict)
    steps: Mapping[str, StepOutcome] = field(default_factory=dict)
    last_output: Mapping[str, str] = field(default_factory=dict)
    deployment_id: str = ""
    release_id: str = ""
    environment: str = ""
    tags: int = 0
    tags_moved: int = 0
    closed: bool = False

    @property
    def moving(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows.values() if row.status is ServiceStatus.IN_PROGRESS)

    @property
    def in_final_check(self) -> bool:
        """Whether all services are settled, so that only the last look at them is left."""
        return (
            bool(self.rows)
            and not self.closed
            and self.tags_moved >= self.tags
            and all(row.settled for row in self.rows.values())
        )

    def leaves_out(self, event: Event) -> bool:
        """Whether the event is not shown: Claimed of `confirm-deploy`, because the result that follows says the same."""
        return isinstance(event, Claimed) and event.plan is None

    def is_after_rollback(self, event: Event) -> bool:
        """Whether the event closes a failed deployment whose rollback is shown by now."""
        return isinstance(event, Settled) and self.deployment_id not in ("", event.deployment.deployment_id)

    def after(self, event: Event) -> RolloutState:
        """The state after `event`. It is the same object if the event changes nothing."""
        match event:
            case Claimed(deployment, Plan() as plan):
                started = _of(deployment)
                return replace(started, tags=len(plan.moves))
            case TagMoved():
                return replace(self, tags_moved=self.tags_moved + 1)
            case TagPutBack(error=""):
                return replace(self, tags_moved=max(0, self.tags_moved - 1))
            case StepStarted(step) | StepFinished(step):
                return replace(self, steps={**self.steps, step.id: step})
            case StepOutput(step_id, (*_, last)):
                return replace(self, last_output={**self.last_output, step_id: last})
            case ServiceRedeployed(service_id, key):
                return self._with(
                    Row(
                        service_id=service_id,
                        key=key,
                        status=ServiceStatus.IN_PROGRESS,
                        state="redeployment requested",
                    )
                )
            case EcsRollbackRequested(service_id, key):
                state = "rollback requested"
                return self._with(
                    Row(service_id=service_id, key=key, status=ServiceStatus.IN_PROGRESS, state=state)
                )
            case Progress(outcome=outcome):
                return self._with(_polled(event, outcome))
            case ServiceSettled(outcome, running, desired, at, since):
                row = _row(outcome)
                return self._with(replace(row, running=running, desired=desired, since=since, ended=at))
            case RollingBack():
                return replace(self, closed=True)
            case Settled(deployment) if not self.is_after_rollback(event):
                return self._settled(deployment)
            case _:
                return self

    def _with(self, row: Row) -> RolloutState:
        return replace(self, rows={**self.rows, row.key: row})

    def _settled(self, deployment: Deployment) -> RolloutState:
        final = _of(deployment)
        rows = dict(self.rows)
        for key, row in final.rows.items():
            rows[key] = replace(rows.get(key, row), status=row.status, state=row.state, failure=row.failure)
        return replace(
            self,
            rows=rows,
            steps=final.steps,
            release_id=deployment.release_id,
            environment=deployment.environment,
            closed=True,
        )


def _of(deployment: Deployment) -> RolloutState:
    return RolloutState(
        rows={outcome.key: _row(outcome) for outcome in deployment.services},
        steps={step.id: step for step in deployment.steps},
        deployment_id=deployment.deployment_id,
        release_id=deployment.release_id,
        environment=deployment.environment,
    )


def _row(outcome: ServiceOutcome) -> Row:
    return Row(
        service_id=outcome.service_id,
        key=outcome.key,
        status=outcome.status,
        state=outcome.reason,
        failure=next(iter(outcome.failures), None),
    )


def _polled(event: Progress, outcome: ServiceOutcome) -> Row:
    return Row(
        service_id=outcome.service_id,
        key=outcome.key,
        status=outcome.status,
        state=event.state,
        running=event.running,
        desired=event.desired,
        since=event.since,
    )
