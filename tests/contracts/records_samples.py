"""Releases and deployments for the tests of the records, in few words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weco_deploy.aws.records.attributes import Value
from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    Failure,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import Claim, EnvironmentRecord, Held, Lock
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.service import ServiceKey
from weco_deploy.ports import ReleaseStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLUSTER = "arn:aws:ecs:eu-west-1:111122223333:cluster/our-cluster"
OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64
LEASE = 120
GRACE = 15


FREEZE = Lock(
    owner="grace-1", holder="grace", reason="the sale is on", since=NOON, build_url="https://builds.example/9"
)
OTHER = Lock(owner="ada-1", holder="ada", reason="moving house", since=NOON + timedelta(minutes=1))


def new_id() -> str:
    return str(uuid.uuid4())


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def a_project() -> Project:
    """A project whose table nobody has used."""
    project_id = f"search-{uuid.uuid4().hex[:12]}"
    return Project(
        id=project_id,
        name="Search",
        release_table=f"wellcome-releases-{project_id}",
        environments=(Environment(id="stage", name="Stage"), Environment(id="prod", name="Prod")),
    )


def a_release(project: Project, made: datetime = NOON, *images: str) -> Release:
    return Release(
        release_id=new_id(),
        project_id=project.id,
        project_name=project.name,
        date_created=made,
        requested_by="arn:aws:iam::111122223333:user/ada",
        description="the new ranking",
        images={
            image_id: ImageVersion(ref=f"ref.{image_id}1", refs=(f"ref.{image_id}1",), digest=NEW)
            for image_id in images or ("api",)
        },
        build_url="https://builds.example/17",
        from_label="latest",
    )


def a_deployment(
    release: Release,
    environment: str = "stage",
    at: datetime = NOON,
    status: DeploymentStatus = DeploymentStatus.IN_PROGRESS,
) -> Deployment:
    """With every image of the release still to move, and a service for each."""
    return Deployment(
        deployment_id=new_id(),
        release_id=release.release_id,
        project_id=release.project_id,
        environment=environment,
        status=status,
        date_created=at,
        date_finished=None if status is DeploymentStatus.IN_PROGRESS else at,
        requested_by="arn:aws:iam::111122223333:user/ada",
        description="ship the new ranking",
        images={image_id: change(image_id) for image_id in release.images},
        services=tuple(outcome(f"{image_id}-service", image_id) for image_id in release.images),
    )


def a_large_deployment(release: Release, services: int = 30) -> Deployment:
    """With so many services of the release's first image that they are recorded in items of their own."""
    image_id = next(iter(release.images))
    return replace(
        a_deployment(release),
        services=tuple(outcome(f"{image_id}-{number}", image_id) for number in range(services)),
    )


def redeployed(deployment: Deployment, *numbers: int) -> Deployment:
    """The deployment once ECS has begun to redeploy these of its services."""
    services = list(deployment.services)
    for number in numbers:
        services[number] = replace(
            services[number], status=ServiceStatus.IN_PROGRESS, ecs_deployment_id=f"ecs-svc/{number}"
        )
    return replace(deployment, services=tuple(services))


def failed_at_length(deployment: Deployment) -> Deployment:
    """The deployment once each of its services has failed, with nearly as many failures as the record keeps."""
    failures = tuple(Failure(kind="event", message=f"{number}" + "x" * 800) for number in range(3))
    return replace(
        deployment,
        status=DeploymentStatus.FAILED,
        date_finished=deployment.date_created,
        services=tuple(
            replace(service, status=ServiceStatus.FAILED, failures=failures, reason="because " * 110)
            for service in deployment.services
        ),
    )


def change(image_id: str, *, moved: bool = False) -> ImageChange:
    return ImageChange(
        image_id=image_id, from_digest=OLD, to_digest=NEW, tag_moved=moved, to_ref=f"ref.{image_id}1"
    )


def outcome(
    service_id: str,
    *images: str,
    ecs_deployment: str | None = None,
    status: ServiceStatus = ServiceStatus.PENDING,
    failures: tuple[Failure, ...] = (),
) -> ServiceOutcome:
    """How a service fared; `ecs_deployment` is the id of the rollout that ECS began for it."""
    return ServiceOutcome(
        service_id=service_id,
        key=ServiceKey(CLUSTER, service_id),
        images=images,
        status=status,
        ecs_deployment_id=ecs_deployment,
        failures=failures,
    )


def succeeded(deployment: Deployment) -> Deployment:
    """The deployment once all its tags have moved, and it and all its services have succeeded."""
    return replace(
        deployment,
        status=DeploymentStatus.SUCCEEDED,
        date_finished=deployment.date_created,
        images={image_id: replace(image, tag_moved=True) for image_id, image in deployment.images.items()},
        services=tuple(replace(service, status=ServiceStatus.SUCCEEDED) for service in deployment.services),
    )


def a_claim(
    store: ReleaseStore,
    deployment: Deployment,
    owner: str = "ours",
    settles: Deployment | None = None,
    new_release: Release | None = None,
) -> Claim:
    """The claim of a deployment that was planned on the environment as it is now."""
    release = new_release or store.release(deployment.release_id)
    assert release is not None
    return Claim(
        deployment=deployment,
        observed=store.environment(deployment.environment),
        owner=owner,
        lease_seconds=LEASE,
        release=release,
        release_is_new=new_release is not None,
        settles=settles,
    )


def claimed(store: ReleaseStore, deployment: Deployment, owner: str = "ours") -> Held:
    return store.claim(a_claim(store, deployment, owner))


def with_fence(fence: int) -> EnvironmentRecord:
    """The record of an environment that is free and that has been claimed so often."""
    return EnvironmentRecord(environment="stage", fence=fence)


def release_of_5x(
    project: Project, made: str, images: Mapping[str, Value], *deployed: Mapping[str, Value]
) -> dict[str, Value]:
    """A release's item as 5.x wrote it."""
    item: dict[str, Value] = {
        "release_id": new_id(),
        "project_id": project.id,
        "project_name": project.name,
        "date_created": made,
        "requested_by": "arn:aws:sts::111122223333:assumed-role/ci/1",
        "description": "from latest",
        "images": images,
        "deployments": list(deployed),
    }
    if deployed:
        item["last_date_deployed"] = max(str(deployment["date_created"]) for deployment in deployed)
    return item


def deployment_of_5x(environment: str, at: str) -> dict[str, Value]:
    """An entry of a release's `deployments` as 5.x wrote it: one service that runs two images."""
    rollouts: Value = [
        {
            "cluster_arn": CLUSTER,
            "service_arn": "arn:aws:ecs:eu-west-1:111122223333:service/our-cluster/search-api",
            "deployment_id": "ecs-svc/100",
        }
    ]
    tag_result: Value = {"source": "ref.a", "target": f"env.{environment}", "status": "success"}
    return {
        "environment": environment,
        "date_created": at,
        "requested_by": "arn:aws:sts::111122223333:assumed-role/ci/1",
        "description": "to " + environment,
        "details": {
            "api": {"tag_result": tag_result, "ecs_deployments": rollouts},
            "proxy": {"tag_result": tag_result, "ecs_deployments": rollouts},
        },
    }
