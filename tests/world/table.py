"""What is recorded in a project's table, as the model's own objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ServiceOutcome
from weco_deploy.model.environment import AppliedImage, DeployedRelease, EnvironmentRecord, KnownService
from weco_deploy.model.release import Release, ReleaseDeployment

LISTED_DEPLOYMENTS = 50
"""A release lists no more of its deployments than these, the newest."""
FAILURES_KEPT = 4_000
"""Characters of failures that are kept of a service."""
LONGEST_MESSAGE = 1_000


@dataclass(slots=True)
class Table:
    """A project's records. `legacy` are deployments that 5.x recorded, in its releases."""

    releases: dict[str, Release] = field(default_factory=dict)
    latest: Release | None = None
    deployments: dict[str, Deployment] = field(default_factory=dict)
    environments: dict[str, EnvironmentRecord] = field(default_factory=dict)
    legacy: dict[str, Deployment] = field(default_factory=dict)

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
    return replace(deployment, services=tuple(_outcome(one) for one in deployment.services))


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


def merged(record: EnvironmentRecord, deployment: Deployment) -> EnvironmentRecord:
    """The environment's record once the deployment has its verdict: what was applied, `current`, `good`."""
    verdict = DeployedRelease(
        release_id=deployment.release_id, deployment_id=deployment.deployment_id, status=deployment.status
    )
    current = record.current
    if current is not None and current.deployment_id == deployment.deployment_id:
        current = verdict
    applied = {
        image_id: AppliedImage(release_id=deployment.release_id, digest=change.to_digest, ref=change.to_ref)
        for image_id, change in deployment.images.items()
        if change.applied
    }
    return replace(
        record,
        images={**record.images, **applied},
        services=_services(record, deployment),
        current=current,
        good=verdict if deployment.status is DeploymentStatus.SUCCEEDED else record.good,
    )


def _services(record: EnvironmentRecord, deployment: Deployment) -> Mapping[str, KnownService]:
    """Services that it did without, although it had all their images and succeeded, are forgotten."""
    services = dict(record.services)
    if deployment.status is DeploymentStatus.SUCCEEDED:
        had = set(deployment.images)
        services = {
            key: one for key, one in services.items() if not one.digests or not set(one.digests) <= had
        }
    for outcome in deployment.services:
        services[outcome.service_id] = _known(record.services.get(outcome.service_id), outcome, deployment)
    return services


def _known(before: KnownService | None, outcome: ServiceOutcome, deployment: Deployment) -> KnownService:
    """What is noted of a service. Where ECS was not told anything, what was noted before still holds."""
    same = before if before is not None and before.key == outcome.key else None
    bare = KnownService(service_id=outcome.service_id, key=outcome.key)
    if outcome.ecs_deployment_id is None:
        return same or bare
    digests = {
        image_id: deployment.images[image_id].to_digest
        for image_id in outcome.images
        if image_id in deployment.images
    }
    earlier = same.digests if same is not None and same.ecs_deployment_id == outcome.ecs_deployment_id else {}
    return replace(bare, ecs_deployment_id=outcome.ecs_deployment_id, digests={**earlier, **digests})
