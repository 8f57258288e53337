"""What is recorded in a project's table, as the model's own objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from weco_deploy.model.deployment import Deployment, Failure, ServiceOutcome
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.release import Release, ReleaseDeployment
from weco_deploy.model.steps import StepRun

LISTED_DEPLOYMENTS = 50
"""A release lists no more of its deployments than these, the newest."""
FAILURES_KEPT = 4_000
"""Characters of failures that are kept of a service."""
LONGEST_MESSAGE = 1_000


@dataclass(slots=True)
class Table:
    """A project's records. `legacy` are deployments that 5.x recorded, in its releases; `step_runs` by environment and step."""

    releases: dict[str, Release] = field(default_factory=dict)
    latest: Release | None = None
    deployments: dict[str, Deployment] = field(default_factory=dict)
    environments: dict[str, EnvironmentRecord] = field(default_factory=dict)
    legacy: dict[str, Deployment] = field(default_factory=dict)
    step_runs: dict[tuple[str, str], tuple[StepRun, ...]] = field(default_factory=dict)

    def record(self, environment_id: str) -> EnvironmentRecord:
        return self.environments.get(environment_id, EnvironmentRecord(environment=environment_id))

    def known(self, environment_id: str) -> EnvironmentRecord:
        """The record; where only 5.x deployed, what its history tells."""
        record = self.record(environment_id)
        if record.current is not None:
            return record
        for last in newest((one for one in self.legacy.values() if one.environment == environment_id), 1):
            deployed = DeployedRelease(
                release_id=last.release_id, deployment_id=last.deployment_id, status=last.status
            )
            return replace(record, current=deployed, good=deployed)
        return record

    def keep(self, deployment: Deployment) -> None:
        self.deployments[deployment.deployment_id] = kept(deployment)

    def told(self, deployment_id: str) -> Deployment | None:
        """The deployment with its rollback, whose own rollback is not looked for."""
        found = self.deployments.get(deployment_id) or self.legacy.get(deployment_id)
        if found is None or found.rollback is None:
            return found
        rollback = self.deployments.get(found.rollback.deployment_id)
        return replace(found, rollback=replace(rollback, rollback=None) if rollback else None)

    def add(self, release: Release) -> None:
        """Record a new release, and that it is the latest unless a newer one was made meanwhile."""
        if release.release_id in self.releases:
            return
        self.releases[release.release_id] = release
        if self.latest is None or self.latest.date_created <= release.date_created:
            self.latest = release

    def list_in_release(self, deployment: Deployment) -> None:
        release = self.releases[deployment.release_id]
        listed = ReleaseDeployment(
            environment=deployment.environment,
            date_created=deployment.date_created,
            requested_by=deployment.requested_by,
            description=deployment.description,
            deployment_id=deployment.deployment_id,
        )
        deployments = (*release.deployments, listed)[-LISTED_DEPLOYMENTS:]
        self.releases[release.release_id] = replace(release, deployments=deployments)


def newest(deployments: Iterable[Deployment], limit: int) -> tuple[Deployment, ...]:
    return tuple(sorted(deployments, key=lambda one: one.date_created, reverse=True)[:limit])


def kept(deployment: Deployment) -> Deployment:
    """The deployment as a record has it: no log lines, no more failures than fit, its rollback as a reference."""
    return replace(
        deployment,
        services=tuple(_outcome(one) for one in deployment.services),
        steps=tuple(replace(step, detail=_cut(step.detail), log_lines=()) for step in deployment.steps),
    )


def _outcome(outcome: ServiceOutcome) -> ServiceOutcome:
    failures = tuple(replace(one, log_lines=(), message=_cut(one.message)) for one in outcome.failures)
    left = list(failures)
    while sum(len(one.message) for one in left) > FAILURES_KEPT - LONGEST_MESSAGE:
        left.pop()
    if len(left) < len(failures):
        left.append(
            Failure(kind="ecs", message=f"… {len(failures) - len(left)} more, not kept in the record")
        )
    return replace(outcome, reason=_cut(outcome.reason), failures=tuple(left))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 10]} … (cut)"
