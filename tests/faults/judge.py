"""Holds each verdict of a deployment against what was true when it was given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.faults.explained import unexplained
from tests.faults.truth import LAG, Truth
from tests.world import World
from weco_deploy.errors import PlanRefused
from weco_deploy.model.deployment import (
    GOOD,
    SETTLED,
    Deployment,
    DeploymentStatus,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.events import (
    Claimed,
    EcsRollbackRequested,
    Event,
    Progress,
    ServiceRedeployed,
    ServiceSettled,
    Settled,
)
from weco_deploy.model.image import ACTIVE
from weco_deploy.model.kind import Kind
from weco_deploy.sandbox.ecs.deployments import MOST_OPEN

REFUSED = "it could not be redeployed"


@dataclass
class Judge:
    """Listens to a run. `findings` has what was said wrongly, with what was true.

    `interval` are the seconds between two polls, `stable_for` those for which a task must have run to count as stable.
    `verdicts` are those on services, `endings` those on deployments.
    """

    world: World
    interval: float
    stable_for: float
    findings: list[str] = field(default_factory=list)
    verdicts: list[ServiceStatus] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)
    _deployment: Deployment | None = None
    _outcomes: dict[str, ServiceOutcome] = field(default_factory=dict)
    _ours: dict[str, frozenset[str]] = field(default_factory=dict)
    _faults: dict[str, str] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)
    _polled: dict[str, datetime] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        match event:
            case Claimed(deployment=deployment):
                if deployment.kind is Kind.ROLLBACK and self._deployment is not None:
                    self._rolled_back()
                self._claimed(deployment)
            case ServiceRedeployed():
                self._ours[event.service_id] = frozenset({event.ecs_deployment_id})
                self._replicated(event.service_id)
                self._in_its_wave(event.service_id)
            case EcsRollbackRequested(service_id=service_id):
                self._ours[service_id] = frozenset()
                self._in_its_wave(service_id)
            case ServiceSettled(outcome=outcome):
                self._rolled_back_to(outcome)
                self._outcomes[outcome.service_id] = outcome
                self._settled.add(outcome.service_id)
                self._service(outcome)
            case Progress(outcome=outcome):
                self._rolled_back_to(outcome)
                self._outcomes[outcome.service_id] = outcome
                self._settled.discard(outcome.service_id)
                self._polled[outcome.service_id] = event.at
            case Settled(deployment=deployment):
                if self._deployment and deployment.deployment_id == self._deployment.deployment_id:
                    self._whole(deployment)

    def _rolled_back_to(self, outcome: ServiceOutcome) -> None:
        """Note the deployment that ECS rolls back to for us, once the run names it."""
        if outcome.ecs_rollback and outcome.ecs_deployment_id:
            ours = self._ours.get(outcome.service_id, frozenset())
            self._ours[outcome.service_id] = ours | {outcome.ecs_deployment_id}

    def refused(self, error: PlanRefused) -> None:
        """The plan was refused: an image must be archived, a service gone or without its images, or ECS would refuse it."""
        self.endings.append("refused")
        archived = any(
            stored.images[stored.tags["latest"]].status != ACTIVE
            for stored in map(self.world.stored, (image.id for image in self.world.project.images))
        )
        services = [self.world.declared(name, "stage") for name in self.world.project.services]
        gone = any(service.status != "ACTIVE" for service in services)
        full = any(
            sum(not found.completed for found in service.deployments) >= MOST_OPEN for service in services
        )
        redefined = any(
            not any(container["image"].endswith(":env.stage") for container in service.definition.containers)
            for service in services
        )
        if not (archived or gone or full or redefined):
            self.findings.append(f"wrong refusal: {error}")

    def _claimed(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._outcomes = {outcome.service_id: outcome for outcome in deployment.services}
        self._settled.clear()
        self._faults.clear()
        self._polled.clear()
        self._ours = {
            outcome.service_id: frozenset({outcome.ecs_deployment_id})
            for outcome in deployment.services
            if outcome.ecs_deployment_id
        }
        for outcome in deployment.services:
            truth = self._truth(outcome.service_id, 0.0)
            if outcome.status is ServiceStatus.UNCHANGED and not truth.could_be_left_alone():
                self._found(outcome, "wrongly left alone")

    def _truth(self, service_id: str, stable_for: float | None = None) -> Truth:
        assert self._deployment is not None
        return Truth.of(
            self.world,
            self._deployment,
            service_id,
            self._ours.get(service_id, frozenset({"none"})),
            self.stable_for if stable_for is None else stable_for,
        )

    def _found(self, outcome: ServiceOutcome, why: str) -> None:
        self.findings.append(
            f"{why}: {outcome.service_id} at {self.world.now():%H:%M:%S}, {outcome.ecs_deployment_id}: "
            f"{outcome.status} ({outcome.reason})"
        )

    def _service(self, outcome: ServiceOutcome) -> None:
        self.verdicts.append(outcome.status)
        truth = self._truth(outcome.service_id)
        match outcome.status:
            case ServiceStatus.SUCCEEDED:
                if not truth.ran():
                    self._found(outcome, "wrong success")
            case ServiceStatus.NOTHING_RUNNING:
                if not truth.nothing_ran():
                    self._found(outcome, "wrong nothing_running")
            case ServiceStatus.FAILED:
                self._failed(outcome, truth)
                self._faults[outcome.service_id] = truth.fault(self._patience)
            case ServiceStatus.SUPERSEDED:
                if not truth.taken_over():
                    self._found(outcome, "wrong supersession")
        self._explained(outcome, truth)

    def _failed(self, outcome: ServiceOutcome, truth: Truth) -> None:
        if outcome.reason.startswith(REFUSED):
            open_ones = sum(not found.completed for found in truth.service.deployments)
            assert self._deployment is not None
            recreated = truth.service.created_at > self._deployment.date_created
            if truth.service.status == "ACTIVE" and open_ones < MOST_OPEN and not recreated:
                self._found(outcome, "wrong refusal")
        elif not truth.is_certain_failure(truth.ours):
            self._found(outcome, "wrong failure")

    def _explained(self, outcome: ServiceOutcome, truth: Truth) -> None:
        if outcome.status in GOOD or outcome.reason.startswith(REFUSED):
            return  # a refusal has AWS's error
        if lacks := unexplained(outcome, truth, self._polled.get(outcome.service_id, self.world.now())):
            self._found(outcome, f"not explained, {lacks}")

    def _replicated(self, service_id: str) -> None:
        """A service restarts only once the replica from which it pulls has the release."""
        assert self._deployment is not None
        for replica in self.world.replicas.values():
            for image_id in self.world.project.services[service_id]:
                tags = replica.tags_of(self.world.repository_name(image_id))
                change = self._deployment.images.get(image_id)
                if change is not None and tags.get("env.stage") != change.to_digest:
                    self.findings.append(f"redeployed before the tag of {image_id} arrived: {service_id}")

    def _in_its_wave(self, service_id: str) -> None:
        """A service is redeployed once those that it comes after succeeded; in a rollback, once those after it were redeployed."""
        assert self._deployment is not None
        after = self.world.project.after
        if self._deployment.kind is Kind.ROLLBACK:
            others = [name for name, names in after.items() if service_id in names]
            early = [
                name for name in others if name not in self._ours and not self._has_status(name, SETTLED)
            ]
        else:
            early = [name for name in after.get(service_id, ()) if not self._has_status(name, GOOD)]
        self.findings.extend(f"redeployed before the wave of {name} was over: {service_id}" for name in early)

    def _has_status(self, service_id: str, statuses: Collection[ServiceStatus]) -> bool:
        """Whether it has one of the statuses, or is left out."""
        return service_id not in self._outcomes or self._outcomes[service_id].status in statuses

    @property
    def _patience(self) -> timedelta:
        """How long something may be true without having been read."""
        return LAG + timedelta(seconds=self.interval)

    def _rolled_back(self) -> None:
        """The deployment is about to be rolled back: that is wrong unless something speaks against an image of it."""
        if any(map(self._fault, self._outcomes)):
            self.endings.append("rolled back")
            return
        for outcome in self._outcomes.values():
            self._found(outcome, "healthy release rolled back")

    def _fault(self, service_id: str) -> str:
        """What speaks against the release in this service. A service that was recreated has forgotten: what was true when it failed counts."""
        assert self._deployment is not None
        truth = self._truth(service_id)
        if truth.service.created_at > self._deployment.date_created:
            return self._faults.get(service_id, "")
        return truth.fault(self._patience)

    def _whole(self, deployment: Deployment) -> None:
        self.endings.append(str(deployment.status))
        fates = {outcome.service_id: outcome.status for outcome in deployment.services}
        if any(len({fates.get(name) for name in image.services}) > 1 for image in self.world.project.images):
            self.endings.append("with different fates of one image's services")
        if ServiceStatus.NOT_STARTED in fates.values():
            self.endings.append("with services that were not started")
        for outcome in deployment.services:
            truth = self._truth(outcome.service_id)
            if outcome.status is ServiceStatus.SUCCEEDED and not truth.ran():
                self._found(outcome, "wrong success at the end")
            elif outcome.status not in GOOD and outcome.service_id not in self._settled:
                self._unsettled(outcome, truth, deployment)
            if outcome.status is ServiceStatus.NOT_STARTED:
                self._not_started(outcome, deployment)
        if deployment.status is DeploymentStatus.TIMED_OUT:
            self._timed_out(deployment)

    def _not_started(self, outcome: ServiceOutcome, deployment: Deployment) -> None:
        if outcome.service_id in self._ours or deployment.status is DeploymentStatus.SUCCEEDED:
            self._found(outcome, "wrongly not started")

    def _unsettled(self, outcome: ServiceOutcome, truth: Truth, deployment: Deployment) -> None:
        match outcome.status:
            case ServiceStatus.FAILED:
                self._failed(outcome, truth)
            case ServiceStatus.UNVERIFIED if truth.tells_digests():
                self._found(outcome, "wrongly unverified")
            case ServiceStatus.PENDING if not deployment.reason:
                self._found(outcome, "not explained, not begun without a reason")
        if outcome.status is not ServiceStatus.PENDING:
            self._explained(outcome, truth)

    def _timed_out(self, deployment: Deployment) -> None:
        """A time-out is wrong if everything had been running for so long that the last polls must have seen it."""
        unsettled = [outcome for outcome in deployment.services if not outcome.settled]
        patience = self._patience + timedelta(seconds=self.stable_for)
        for outcome in unsettled:
            truth = self._truth(outcome.service_id)
            if outcome.status is ServiceStatus.UNVERIFIED or not truth.tells_health():
                return
            if not truth.ran_all_the_time(patience):
                return
        for outcome in unsettled:
            self._found(outcome, "wrong time-out")
