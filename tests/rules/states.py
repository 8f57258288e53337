"""ECS services, tasks, images and records in a few words, for tests of the pure rules.

    service(running=2, deployments=[primary("ecs-svc/2", completed=True)])
    task("t1", of="ecs-svc/2", digest=NEW)

Every deployment is made a minute after the one before: `ecs-svc/2` at `made_at(2)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import Action, PlannedService
from weco_deploy.model.service import (
    Container,
    DefinedContainer,
    EcsDeployment,
    ResolvedImage,
    Service,
    ServiceDeployment,
    ServiceEvent,
    ServiceKey,
    ServiceView,
    Task,
)
from weco_deploy.rules.rollout.track import Track

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/catalogue"
REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
BEFORE, OURS, LATER = "ecs-svc/1", "ecs-svc/2", "ecs-svc/3"


def digest(name: str) -> str:
    """A digest that depends only on the name."""
    return f"sha256:{name.encode().hex():0<64}"


OLD, NEW, CHILD, OTHER = digest("old"), digest("new"), digest("child"), digest("other")


def key(name: str) -> ServiceKey:
    return ServiceKey(CLUSTER, name)


def made_at(ordinal: float) -> datetime:
    """When the deployment `ecs-svc/<ordinal>` was made."""
    return NOON + timedelta(minutes=ordinal)


NOW = made_at(9)
"""The time of a poll, by AWS's clock."""


def ago(seconds: float) -> datetime:
    """So many seconds before the poll."""
    return NOW - timedelta(seconds=seconds)


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
    """The PRIMARY deployment. If `running` is None, it has the tasks that the other deployments don't have."""
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
    """A deployment that is being replaced."""
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
    maximum: int | None = None,
    minimum: int | None = None,
    events: Sequence[str] = (),
) -> Service:
    """A service. By default it desires as many tasks as it runs. Events have the current time."""
    others = sum(deployment.running for deployment in deployments if deployment.running > 0)
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
        maximum_percent=maximum,
        minimum_healthy_percent=minimum,
        task_definition="search-api:1",
        deployments=tuple(
            deployment if deployment.running >= 0 else replace(deployment, running=max(0, running - others))
            for deployment in deployments
        ),
        events=tuple(ServiceEvent(id=str(place), at=NOW, message=text) for place, text in enumerate(events)),
        as_of=NOW,
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
    started: datetime | None = None,
    health: str = "",
    containers: Sequence[Container] | None = None,
) -> Task:
    """A task that should run, by default for minutes. If `of` is None, `startedBy` names no deployment."""
    created = made if made is not None or of is None else made_at(_ordinal(of) + 0.1)
    return Task(
        arn=f"arn:aws:ecs:eu-west-1:123456789012:task/catalogue/{name}",
        service_name="search-api",
        deployment_id=of,
        task_definition="search-api:1",
        status=status,
        created_at=created,
        started_at=started or created,
        health=health,
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
    described: Service,
    tasks: Sequence[Task] | None = None,
    ended: Sequence[Task] | None = None,
    resolved: Sequence[ResolvedImage] | None = None,
    defined: Mapping[str, Sequence[DefinedContainer]] | None = None,
) -> ServiceView:
    return ServiceView(
        service=described,
        tasks=None if tasks is None else tuple(tasks),
        stopped=None if ended is None else tuple(ended),
        resolved=None if resolved is None else tuple(resolved),
        defined={} if defined is None else {name: tuple(found) for name, found in defined.items()},
    )


def verdict(
    breaker: str = "DISABLED",
    *,
    status: str = "IN_PROGRESS",
    of: str = OURS,
    reason: str = "",
    failures: int = 0,
    threshold: int = 3,
    alarms: Sequence[str] = (),
) -> ServiceDeployment:
    """ECS's own verdict on a deployment: the service deployment, with the status of its circuit breaker."""
    return ServiceDeployment(
        arn=f"arn:aws:ecs:eu-west-1:123456789012:service-deployment/catalogue/search-api/{_ordinal(of)}",
        status=status,
        target_revision=(
            f"arn:aws:ecs:eu-west-1:123456789012:service-revision/catalogue/search-api/{_ordinal(of)}"
        ),
        reason=reason,
        breaker=breaker,
        failures=failures,
        threshold=threshold,
        triggered_alarms=tuple(alarms),
    )


def expecting(*digests: str, image: str = "search") -> Expected:
    return Expected(
        image_id=image,
        image=f"uk.ac.wellcome/{image}:env.stage",
        digests=frozenset(digests or (NEW,)),
        registry=REGISTRY,
    )


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


def resolving(image_digest: str | None, image: str = "search") -> ResolvedImage:
    """The digest to which a service revision has resolved `image`."""
    return ResolvedImage("app", f"{REGISTRY}/uk.ac.wellcome/{image}:env.stage", image_digest)


def using(image: str = "search", tag: str = "env.stage") -> DefinedContainer:
    """A container in a task definition that uses the image."""
    return DefinedContainer("app", f"{REGISTRY}/uk.ac.wellcome/{image}:{tag}")


def up(*digests: str | None, of: str = OURS, name: str = "search-api", image: str = "search") -> ServiceView:
    """A service in steady state that runs one task for each of these digests."""
    tasks = [
        task(
            f"{name}-{place}",
            of=of,
            containers=[container(reported, image=f"uk.ac.wellcome/{image}:env.stage")],
        )
        for place, reported in enumerate(digests)
    ]
    return view(service(name, running=len(tasks), deployments=[primary(of, completed=True)]), tasks)
