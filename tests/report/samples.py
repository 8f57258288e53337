"""Small made-up releases, plans and deployments to render."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from weco_deploy.model.deployment import (
    Deployment,
    DeploymentStatus,
    Failure,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.environment import CurrentRelease, EnvironmentRecord
from weco_deploy.model.image import Manifest
from weco_deploy.model.kind import Kind
from weco_deploy.model.left_out import Allowance, LeftOut
from weco_deploy.model.plan import Action, Plan, PlannedImage, PlannedService
from weco_deploy.model.release import ImageVersion, Release, ReleaseDeployment
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.steps import StepOutcome, StepStatus

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
RELEASE_ID = "8f14e45f-ceea-467f-a6fa-0123456789ab"
EARLIER_ID = "c9f0f895-fb98-4b91-b9d2-0123456789ab"
DEPLOYMENT_ID = "45c48cce-2e2d-4fbd-aa1c-0123456789ab"
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/catalogue"


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


CURRENT = CurrentRelease(
    release_id=EARLIER_ID, status=DeploymentStatus.SUCCEEDED, since=later(-2 * 24 * 3600)
)


def digest(letter: str) -> str:
    return f"sha256:{letter * 64}"


def version(letter: str, ref: str | None = None) -> ImageVersion:
    name = ref or f"ref.{letter * 40}"
    return ImageVersion(ref=name, refs=(name,), digest=digest(letter))


def release(
    images: dict[str, ImageVersion | None] | None = None,
    release_id: str = RELEASE_ID,
    made: datetime = NOON,
    description: str = "Weekly release",
    build_url: str | None = None,
    deployments: tuple[ReleaseDeployment, ...] = (),
) -> Release:
    found = {"search": version("b"), "items": version("c")} if images is None else images
    missing = tuple(image_id for image_id, present in found.items() if present is None)
    return Release(
        release_id=release_id,
        project_id="catalogue_api",
        project_name="Catalogue API",
        date_created=made,
        requested_by="ada",
        description=description,
        images=found,
        complete=not missing,
        missing=missing,
        build_url=build_url,
        from_label="latest",
        deployments=deployments,
    )


def key(name: str) -> ServiceKey:
    return ServiceKey(CLUSTER, name)


def planned_image(image_id: str, old: str | None, new: str) -> PlannedImage:
    return PlannedImage(
        image_id=image_id,
        repository=f"uk.ac.wellcome/{image_id}",
        tag="env.prod",
        manifest=Manifest(
            digest=digest(new), media_type="application/vnd.oci.image.manifest.v1+json", body="{}"
        ),
        to_ref=f"ref.{new * 40}",
        from_digest=digest(old) if old else None,
        from_ref=f"ref.{old * 40}" if old else None,
    )


def planned_service(service_id: str, action: Action, why: str, desired: int = 2) -> PlannedService:
    return PlannedService(
        service_id=service_id,
        key=key(f"{service_id}-prod"),
        images=(service_id,),
        action=action,
        why=why,
        expected=(),
        desired=desired,
        breaker=True,
        ecs_deployment_id=None if action is Action.REDEPLOY else "ecs-svc/1",
    )


def plan(
    images: tuple[PlannedImage, ...] = (),
    services: tuple[PlannedService, ...] = (),
    warnings: tuple[str, ...] = (),
    is_new: bool = False,
    kind: Kind = Kind.DEPLOY,
    source: str | None = None,
    current: CurrentRelease | None = CURRENT,
) -> Plan:
    return Plan(
        project_id="catalogue_api",
        environment="prod",
        observed=EnvironmentRecord(environment="prod"),
        release=release(),
        release_is_new=is_new,
        images=images,
        services=services,
        warnings=warnings,
        kind=kind,
        source=source,
        current=current,
    )


def outcome(
    service_id: str, status: ServiceStatus, reason: str = "", failures: tuple[Failure, ...] = ()
) -> ServiceOutcome:
    return ServiceOutcome(
        service_id=service_id,
        key=key(f"{service_id}-prod"),
        images=(service_id,),
        status=status,
        ecs_deployment_id="ecs-svc/2",
        reason=reason,
        failures=failures,
    )


CRASH = Failure(
    kind="task",
    message="Essential container in task exited",
    task="0a1b2c3d4e5f",
    container="app",
    stop_code="EssentialContainerExited",
    exit_code=3,
    log_location="/ecs/search app/app/0a1b2c3d4e5f",
    log_lines=("starting", "  no index called works"),
)


def deployment(
    status: DeploymentStatus = DeploymentStatus.SUCCEEDED,
    services: tuple[ServiceOutcome, ...] = (),
    images: tuple[ImageChange, ...] = (),
    rollback: Deployment | None = None,
    release_id: str = RELEASE_ID,
    build_url: str | None = None,
    description: str = "Weekly release",
    left_out: tuple[LeftOut, ...] = (),
    steps: tuple[StepOutcome, ...] = (),
) -> Deployment:
    return Deployment(
        deployment_id=DEPLOYMENT_ID,
        release_id=release_id,
        project_id="catalogue_api",
        environment="prod",
        status=status,
        date_created=NOON,
        requested_by="ada",
        description=description,
        date_finished=None if status is DeploymentStatus.IN_PROGRESS else later(192),
        build_url=build_url,
        images={change.image_id: change for change in images},
        services=services,
        left_out=left_out,
        steps=steps,
        rollback=rollback,
    )


MIGRATED = StepOutcome(
    id="migrate",
    kind="before",
    status=StepStatus.SUCCEEDED,
    started=later(3),
    finished=later(15),
    exit_code=0,
)
BROKEN_MIGRATION = StepOutcome(
    id="migrate",
    kind="before",
    status=StepStatus.FAILED,
    started=later(3),
    finished=later(15),
    exit_code=3,
    detail="Essential container in task exited",
    log_location="/ecs/search app/app/0a1b2c3d4e5f",
    log_lines=("migrating", "  no such column"),
)

NIGHTLY = LeftOut(
    id="nightly",
    images=("search",),
    why=Allowance.OPTIONAL,
    reason="nightly: not found",
)


def change(image_id: str, old: str | None, new: str, moved: bool = True) -> ImageChange:
    return ImageChange(
        image_id=image_id,
        from_digest=digest(old) if old else None,
        to_digest=digest(new),
        tag_moved=moved,
        from_ref=f"ref.{old * 40}" if old else None,
        to_ref=f"ref.{new * 40}",
    )
