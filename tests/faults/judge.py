"""Holds each verdict of a deployment against what was true when it was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from tests.faults.truth import LAG, Truth
from tests.world import World
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.events import Claimed, Event, Progress, ServiceRedeployed, ServiceSettled, Settled
from weco_deploy.model.kind import Kind


@dataclass
class Judge:
    """Listens to a run. `findings` has what was said wrongly, with what was true.

    `interval` are the seconds between two polls, `stable_for` those for which a task must have run to count as stable.
    """

    world: World
    interval: float
    stable_for: float
    findings: list[str] = field(default_factory=list)
    verdicts: list[ServiceStatus] = field(default_factory=list)
    _deployment: Deployment | None = None
    _outcomes: dict[str, ServiceOutcome] = field(default_factory=dict)
    _redeployed: dict[str, str] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        match event:
            case Claimed(deployment=deployment):
                if deployment.kind is Kind.ROLLBACK and self._deployment is not None:
                    self._rolled_back()
                self._deployment = deployment
                self._outcomes = {outcome.service_id: outcome for outcome in deployment.services}
                self._redeployed.clear()
            case ServiceRedeployed():
                self._redeployed[event.service_id] = event.ecs_deployment_id
            case ServiceSettled(outcome=outcome):
                self._outcomes[outcome.service_id] = outcome
                self.verdicts.append(outcome.status)
                self._service(outcome)
            case Progress(outcome=outcome):
                self._outcomes[outcome.service_id] = outcome
            case Settled(deployment=deployment):
                self._whole(deployment)

    def _truth(self, service_id: str) -> Truth:
        assert self._deployment is not None
        return Truth.of(self.world, self._deployment, service_id)

    def _found(self, outcome: ServiceOutcome, why: str) -> None:
        self.findings.append(
            f"{why}: {outcome.service_id} at {self.world.now():%H:%M:%S}, {outcome.ecs_deployment_id}: "
            f"{outcome.status} ({outcome.reason})"
        )

    def _service(self, outcome: ServiceOutcome) -> None:
        truth = self._truth(outcome.service_id)
        match outcome.status:
            case ServiceStatus.SUCCEEDED:
                if not truth.ran():
                    self._found(outcome, "wrong success")
            case ServiceStatus.NOTHING_RUNNING:
                if not truth.nothing_ran():
                    self._found(outcome, "wrong nothing_running")
            case ServiceStatus.FAILED:
                evidence = truth.evidence_against(outcome.ecs_deployment_id, self._stable_for)
                if not evidence:
                    self._found(outcome, "wrong failure")
                elif not _explained(outcome, truth, evidence):
                    self._found(
                        outcome, f"failure without container, exit code or ECS's reason, though {evidence}"
                    )
            case ServiceStatus.SUPERSEDED:
                if truth.service.primary.id == self._redeployed.get(outcome.service_id):
                    self._found(outcome, "wrong supersession: ours is PRIMARY")
                elif truth.ran() and not truth.evidence_against(outcome.ecs_deployment_id, self._stable_for):
                    self._found(outcome, "wrong supersession: the later deployment runs the release")

    @property
    def _stable_for(self) -> timedelta:
        return timedelta(seconds=self.stable_for)

    def _rolled_back(self) -> None:
        """The deployment is about to be rolled back: that is wrong if all its new tasks run, and nothing speaks against them."""
        for outcome in self._outcomes.values():
            truth = self._truth(outcome.service_id)
            if (
                truth.evidence_against(outcome.ecs_deployment_id, self._stable_for)
                or not truth.all_new_tasks_run()
            ):
                return
        for outcome in self._outcomes.values():
            self._found(outcome, "healthy release rolled back")

    def _whole(self, deployment: Deployment) -> None:
        if deployment.status is not DeploymentStatus.TIMED_OUT or deployment.rollback is not None:
            return
        unsettled = [outcome for outcome in self._outcomes.values() if not outcome.settled]
        patience = LAG + timedelta(seconds=self.interval) + self._stable_for
        for outcome in unsettled:
            if not self._truth(outcome.service_id).ran_all_the_time(patience):
                return
        for outcome in unsettled:
            self._found(outcome, "wrong timeout")


def _explained(outcome: ServiceOutcome, truth: Truth, evidence: str) -> bool:
    """Whether the failure names a container with its exit code, or has a reason that is ECS's own."""
    if evidence in {"deleted", "runs another digest"}:
        return bool(outcome.reason)
    return any(map(_names_container, outcome.failures)) or _quotes_ecs(outcome, truth)


def _names_container(failure: Failure) -> bool:
    return failure.container is not None and failure.exit_code is not None


def _quotes_ecs(outcome: ServiceOutcome, truth: Truth) -> bool:
    service = truth.service
    words = {
        *(task.stopped_reason for task in (*service.tasks.values(), *service.stopped.values())),
        *(deployment.reason for deployment in service.deployments),
        *(record.reason for record in service.service_deployments),
        *(str(event["message"]) for event in service.events),
    }
    said = [outcome.reason, *(failure.message for failure in outcome.failures)]
    return any(word and word in text for word in words for text in said)
