"""Whatever becomes of the images and of the services meanwhile: the verdict is what truly runs at its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from tests.figures import Count
from tests.operations.runs import deployments, recorded, release, request
from tests.world import Behaviour, World, crash, good, slow, unpullable
from tests.world.projects import project
from weco_deploy.model.deployment import GOOD, Deployment, DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.events import Event, ServiceSettled, Settled
from weco_deploy.operations.deploy import deploy

PROJECT = project(
    {
        "search": ["search-api"],
        "items": ["items-api", "both"],
        "merger": ["merger", "both"],
        "loader": ["loader"],
    }
)
WORLDS = 200
SHARES = 4
WAIT = 300.0


OF_ITS_OWN = ("EssentialContainerExited", "TaskFailedToStart")
"""Stop codes of tasks that nobody stopped."""


def behaviour(chance: Random) -> Behaviour:
    return chance.choice(
        [
            good(),
            good(),
            slow(chance.uniform(20, 250)),
            slow(1000),
            crash(),
            crash(at=chance.uniform(1, 120)),
            unpullable(),
        ]
    )


def meddle(world: World, chance: Random) -> None:
    """Things that others do to some of the services while they are deployed to."""

    def redeploy(service_id: str) -> None:
        world.somebody_redeploys(service_id, "stage")

    def scale(service_id: str) -> None:
        world.scale(service_id, "stage", chance.choice([0, 1, 3]))

    def stop(service_id: str) -> None:
        if any(task.running for task in world.declared(service_id, "stage").tasks.values()):
            world.stop_task(service_id, "stage")

    def redefine(service_id: str) -> None:
        world.redefine(service_id, "stage", "latest")

    for service_id in PROJECT.services:
        if chance.random() < 0.25:
            act: Callable[[str], None] = chance.choice([redeploy, redefine, scale, stop])
            world.at(chance.uniform(0, 150), lambda act=act, one=service_id: act(one))  # type: ignore[misc]  # mypy can't infer defaults of a lambda


def world_of(chance: Random) -> World:
    """A world of services that are all different, with a new image for each repository."""
    world = World(PROJECT)
    for image in PROJECT.images:
        world.image(image.id, "env.stage")
    for service_id, image_ids in PROJECT.services.items():
        world.service(
            service_id,
            "stage",
            list(image_ids),
            desired=chance.choice([0, 1, 1, 2, 3]),
            breaker=chance.random() < 0.6,
            rolls_back=chance.random() < 0.7,
            classic=chance.random() < 0.1,
            pins_tags=chance.random() < 0.9,
        )
    for image in PROJECT.images:
        world.push(image.id, behaviour(chance))
    meddle(world, chance)
    return world


def runs(world: World, deployment: Deployment, outcome: ServiceOutcome) -> bool:
    """Whether the service's own deployment is complete, all its tasks are up, and they alone run, with the right digests."""
    service = world.declared(outcome.service_id, "stage")
    wanted = {deployment.images[image_id].to_digest for image_id in outcome.images}
    tasks = [task for task in service.tasks.values() if task.running]
    return (
        (service.primary.completed or service.classic)  # with a Classic Load Balancer ECS does not tell
        and len(tasks) == service.desired
        and all(task.deployment is service.primary for task in tasks)
        and (not tasks or world.running(outcome.service_id, "stage") == wanted)
    )


def hopeless(world: World, deployment: Deployment, outcome: ServiceOutcome) -> bool:
    """Whether the service failed for certain, although it may run at this moment.

    Its rollout failed in ECS, or others took over; it runs what it must not; or so many of its tasks failed, which
    nobody else counts, that half of those desired could not be up.
    """
    service = world.declared(outcome.service_id, "stage")
    ours = [
        task
        for task in (*service.tasks.values(), *service.stopped.values())
        if task.started_by == outcome.ecs_deployment_id
    ]
    stops = [task for task in ours if task.stopped and task.stop_code in OF_ITS_OWN]
    if (
        service.breaker_rules.enabled and not service.primary.completed
    ):  # which counts those that do not get to run
        stops = [task for task in stops if task.started_at is not None]
    wanted = {deployment.images[image_id].to_digest for image_id in outcome.images}
    wrong = any(task.running for task in ours) and not world.running(outcome.service_id, "stage") <= wanted
    return (
        service.primary.id != outcome.ecs_deployment_id
        or service.primary.state == "FAILED"
        or wrong
        or len(stops) >= service.breaker_rules.threshold(service.desired)
    )


@dataclass
class Judge:
    """Holds each verdict against the world at the moment that it is told."""

    world: World
    seed: int
    verdicts: list[str] = field(default_factory=list)
    deployment: Deployment | None = None

    def hear(self, event: Event) -> None:
        if isinstance(event, ServiceSettled) and self.deployment is not None:
            self.service(event.outcome, self.deployment)
        if isinstance(event, Settled):
            self.whole(event.deployment)

    def service(self, outcome: ServiceOutcome, deployment: Deployment) -> None:
        self.verdicts.append(outcome.status.value)
        service = self.world.declared(outcome.service_id, "stage")
        about = f"seed {self.seed}: {outcome}"
        if outcome.status is ServiceStatus.SUCCEEDED:
            assert runs(self.world, deployment, outcome), about
            assert service.primary.id == outcome.ecs_deployment_id, about
            assert service.desired > 0, about
        elif outcome.status is ServiceStatus.NOTHING_RUNNING:
            assert service.desired == 0, about
            assert not any(task.running for task in service.tasks.values()), about
        elif outcome.status is ServiceStatus.SUPERSEDED:
            followed = "and failed: " in outcome.reason
            assert followed or service.primary.id != outcome.ecs_deployment_id, about
            assert not followed or hopeless(self.world, deployment, outcome), about
        else:
            assert hopeless(self.world, deployment, outcome), about

    def whole(self, deployment: Deployment) -> None:
        about = f"seed {self.seed}: {deployment}"
        statuses = {outcome.status for outcome in deployment.services}
        right = [runs(self.world, deployment, outcome) for outcome in deployment.services]
        verified = [one.status is ServiceStatus.SUCCEEDED for one in deployment.services]
        assert all(fine for fine, sure in zip(right, verified, strict=True) if sure), about
        match deployment.status:
            case DeploymentStatus.SUCCEEDED:
                assert statuses <= GOOD, about
            case DeploymentStatus.TIMED_OUT:
                assert not all(right), about
            case _:
                assert deployment.status is DeploymentStatus.FAILED, about
                assert statuses & {ServiceStatus.FAILED, ServiceStatus.SUPERSEDED}, about


@pytest.mark.parametrize("share", range(SHARES))
def test_the_verdict_is_what_truly_runs_at_its_time(share: int, count: Count) -> None:
    verdicts: set[str] = set()
    for seed in range(share, WORLDS, SHARES):
        chance = Random(seed)  # noqa: S311  # a made-up history, the same one each time
        world = world_of(chance)
        judge = Judge(world, seed)
        ports = world.ports()

        def tell(event: Event, judge: Judge = judge) -> None:
            judge.deployment = getattr(event, "deployment", None) or judge.deployment
            judge.hear(event)

        wanted = request(release(ports), wait=WAIT, interval=chance.choice([2.0, 5.0, 10.0]))
        last = deploy(wanted, ports, lambda _: True, tell)

        assert deployments(world)[0].status is last.status
        assert recorded(world).lock is None
        verdicts |= {last.status.value, *judge.verdicts}
        count("in process: deployments with random fates, judged rightly", 1)
        count("in process: verdicts on their services, each right", len(judge.verdicts))
    assert verdicts >= {"succeeded", "failed", "timed_out", "nothing_running", "superseded"}
