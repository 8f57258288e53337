"""ECS services, tasks, images and records in a few words, for tests of the pure rules.

    service(running=2, deployments=[primary("ecs-svc/2", completed=True)])
    task("t1", of="ecs-svc/2", digest=NEW)

Every deployment is made a minute after the one before: `ecs-svc/2` at `made_at(2)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weco_deploy.model.environment import AppliedImage, EnvironmentRecord, KnownService
from weco_deploy.model.image import ImageView, Manifest, Repository
from weco_deploy.model.plan import Action, Expected, PlannedService, Snapshot
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.service import (
    Container,
    DefinedContainer,
    EcsDeployment,
    ResolvedImage,
    Service,
    ServiceEvent,
    ServiceKey,
    ServiceView,
    Task,
)
from weco_deploy.rules.rollout.rolling import Track
from weco_deploy.rules.running import expectation

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/catalogue"
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
BEFORE, OURS, LATER = "ecs-svc/1", "ecs-svc/2", "ecs-svc/3"


def digest(name: str) -> str:
    """A digest that is the same for the same name."""
    return f"sha256:{name.encode().hex():0<64}"


OLD, NEW, CHILD, OTHER = digest("old"), digest("new"), digest("child"), digest("other")


def key(name: str) -> ServiceKey:
    return ServiceKey(CLUSTER, name)


def made_at(ordinal: float) -> datetime:
    """When the deployment `ecs-svc/<ordinal>` was made."""
    return NOON + timedelta(minutes=ordinal)


def _ordinal(deployment_id: str) -> int:
    return int(deployment_id.rpartition("/")[2])


def _deployment(
    deployment_id: str, status: str, state: str | None, running: int, pending: int, failed: int, reason: str
) -> EcsDeployment:
    return EcsDeployment(
        id=deployment_id,
        status=status,
        rollout_state=state,
        rollout_reason=reason,
        running=running,
        pending=pending,
        failed_tasks=failed,
        created_at=made_at(_ordinal(deployment_id)),
    )


def primary(
    deployment_id: str = OURS,
    *,
    completed: bool = False,
    state: str | None = "IN_PROGRESS",
    running: int | None = None,
    pending: int = 0,
    failed: int = 0,
    reason: str = "",
) -> EcsDeployment:
    """The PRIMARY deployment. `running` None: whatever the others leave of the service's count."""
    return _deployment(
        deployment_id,
        "PRIMARY",
        "COMPLETED" if completed else state,
        -1 if running is None else running,
        pending,
        failed,
        reason,
    )


def active(
    deployment_id: str = BEFORE,
    *,
    state: str | None = "COMPLETED",
    running: int = 0,
    pending: int = 0,
    reason: str = "",
) -> EcsDeployment:
    """A deployment on its way out."""
    return _deployment(deployment_id, "ACTIVE", state, running, pending, 0, reason)


def service(
    name: str = "search-api",
    *,
    desired: int | None = None,
    running: int = 0,
    pending: int = 0,
    deployments: Sequence[EcsDeployment] = (),
    status: str = "ACTIVE",
    scheduling: str = "REPLICA",
    controller: str = "ECS",
    strategy: str = "ROLLING",
    breaker: bool = True,
    events: Sequence[str] = (),
) -> Service:
    """A service that wants as many tasks as it runs, if `desired` does not say else. Events are of now."""
    others = sum(one.running for one in deployments if one.running > 0)
    return Service(
        key=key(name),
        arn=f"arn:aws:ecs:eu-west-1:123456789012:service/catalogue/{name}",
        status=status,
        desired=running if desired is None else desired,
        running=running,
        pending=pending,
        controller=controller,
        strategy=strategy,
        scheduling=scheduling,
        breaker=breaker,
        task_definition="search-api:1",
        deployments=tuple(
            one if one.running >= 0 else replace(one, running=max(0, running - others)) for one in deployments
        ),
        events=tuple(
            ServiceEvent(id=str(place), at=made_at(9), message=text) for place, text in enumerate(events)
        ),
    )


def container(
    digest: str | None = NEW, image: str = "uk.ac.wellcome/search:env.stage", name: str = "app"
) -> Container:
    return Container(name=name, image=f"{REGISTRY}/{image}", digest=digest)


def task(
    name: str,
    *,
    of: str | None = OURS,
    digest: str | None = NEW,
    status: str = "RUNNING",
    made: datetime | None = None,
    containers: Sequence[Container] | None = None,
) -> Task:
    """A task that should run. `of` None: who started it isn't told."""
    return Task(
        arn=f"arn:aws:ecs:eu-west-1:123456789012:task/catalogue/{name}",
        service_name="search-api",
        deployment_id=of,
        task_definition="search-api:1",
        status=status,
        created_at=made if made is not None or of is None else made_at(_ordinal(of) + 0.1),
        containers=(container(digest),) if containers is None else tuple(containers),
    )


def stopped(
    name: str,
    *,
    of: str | None = OURS,
    code: str = "EssentialContainerExited",
    reason: str = "",
    at: float = 5,
) -> Task:
    """A task that ended, `at` minutes after noon."""
    return Task(
        arn=f"arn:aws:ecs:eu-west-1:123456789012:task/catalogue/{name}",
        service_name="search-api",
        deployment_id=of,
        task_definition="search-api:1",
        status="STOPPED",
        created_at=made_at(_ordinal(of) + 0.1) if of else None,
        stopped_at=made_at(at),
        stop_code=code,
        stopped_reason=reason,
    )


def view(
    seen: Service, tasks: Sequence[Task] | None = None, ended: Sequence[Task] | None = None
) -> ServiceView:
    return ServiceView(
        service=seen,
        tasks=None if tasks is None else tuple(tasks),
        stopped=None if ended is None else tuple(ended),
    )


def expecting(*digests: str, image: str = "search") -> Expected:
    return expectation(image, f"uk.ac.wellcome/{image}", "env.stage", frozenset(digests or (NEW,)))


def track(*digests: str, previous: str | None = BEFORE, ours: str = OURS) -> Track:
    """The rollout of search-api that our redeployment began, before the first poll."""
    return Track(
        service=PlannedService(
            service_id="search-api",
            key=key("search-api"),
            images=("search",),
            action=Action.REDEPLOY,
            why="it runs another image",
            expected=(expecting(*digests),),
            desired=2,
            breaker=True,
            ecs_deployment_id=previous,
        ),
        deployment_id=ours,
        previous_id=previous,
        since=made_at(2),
    )


def project(**images: Sequence[str]) -> Project:
    """A project by image id → service ids."""
    return Project(
        id="catalogue_api",
        name="Catalogue API",
        release_table="wellcome-releases-catalogue_api",
        environments=(Environment(id="stage", name="Staging"), Environment(id="prod", name="Production")),
        images=tuple(
            Image(id=image_id, repository=f"uk.ac.wellcome/{image_id}", services=tuple(services))
            for image_id, services in images.items()
        ),
    )


def release(*, release_id: str = "rel-2", made: float = 0, **images: str | None) -> Release:
    """A release by image id → digest; None for an image that had no such label."""
    return Release(
        release_id=release_id,
        project_id="catalogue_api",
        project_name="Catalogue API",
        date_created=made_at(made),
        requested_by="ada",
        description="",
        images={
            image_id: None
            if image_digest is None
            else ImageVersion(ref=f"ref.{image_id}", refs=(f"ref.{image_id}",), digest=image_digest)
            for image_id, image_digest in images.items()
        },
    )


def in_ecr(image_digest: str = NEW, *, tagged: str | None = OLD, children: Sequence[str] = ()) -> ImageView:
    """An image that ECR has, and where its environment tag points."""
    return ImageView(
        manifest=Manifest(
            digest=image_digest,
            media_type="application/vnd.oci.image.manifest.v1+json",
            body="{}",
            children=tuple(children),
        ),
        tagged=tagged,
    )


def repository(image_id: str, mutability: str = "MUTABLE", exclusions: Sequence[str] = ()) -> Repository:
    name = f"uk.ac.wellcome/{image_id}"
    return Repository(
        name=name, uri=f"{REGISTRY}/{name}", mutability=mutability, exclusions=tuple(exclusions)
    )


def snapshot(
    *,
    images: Mapping[str, ImageView],
    services: Mapping[str, ServiceView | Sequence[ServiceView]],
    repositories: Mapping[str, Repository | None] | None = None,
    defined: Mapping[str, Sequence[str]] | None = None,
    resolved: Mapping[str, Sequence[ResolvedImage]] | None = None,
    known: Sequence[KnownService] = (),
    applied: Mapping[str, AppliedImage] | None = None,
    current: Release | None = None,
    notes: Sequence[str] = (),
    fence: int = 7,
) -> Snapshot:
    """What was seen of stage. `defined` and `resolved` are by ECS service name."""
    return Snapshot(
        record=EnvironmentRecord(
            environment="stage",
            fence=fence,
            images=applied or {},
            services={one.service_id: one for one in known},
        ),
        images=images,
        repositories={**{image_id: repository(image_id) for image_id in images}, **(repositories or {})},
        services={
            service_id: (seen,) if isinstance(seen, ServiceView) else tuple(seen)
            for service_id, seen in services.items()
        },
        defined={
            key(name): tuple(DefinedContainer(f"c{place}", image) for place, image in enumerate(each))
            for name, each in (defined or {}).items()
        },
        resolved={key(name): tuple(each) for name, each in (resolved or {}).items()},
        current=current,
        notes=tuple(notes),
    )


def resolving(image_digest: str | None, image: str = "search") -> ResolvedImage:
    """What a service revision pinned `image` to."""
    return ResolvedImage("app", f"{REGISTRY}/uk.ac.wellcome/{image}:env.stage", image_digest)


def noted(
    service_id: str = "search-api", *, ecs_deployment_id: str | None = OURS, **digests: str
) -> KnownService:
    """What our record says of a service: the deployment noted last and the digests (by image id) it was for."""
    return KnownService(
        service_id=service_id,
        key=key(service_id),
        ecs_deployment_id=ecs_deployment_id,
        digests=digests or {"search": NEW},
    )


def up(*digests: str | None, of: str = OURS, name: str = "search-api", image: str = "search") -> ServiceView:
    """A service at rest that runs one task of each of these digests."""
    tasks = [
        task(
            f"{name}-{place}",
            of=of,
            containers=[container(one, image=f"uk.ac.wellcome/{image}:env.stage")],
        )
        for place, one in enumerate(digests)
    ]
    return view(service(name, running=len(tasks), deployments=[primary(of, completed=True)]), tasks)
