"""The verdict on each service matches what runs at that time, in random rollouts."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.truth import ActualService
from tests.faults_real.worlds import World, worlds
from tests.figures import Count
from tests.proxy.tool import RunningTool
from tests.sandboxes import Host
from tests.world.projects import project
from weco_deploy.sandbox.images import GOOD

pytestmark = pytest.mark.faults

TESTS, DEPLOYMENTS_PER_TEST = 5, 5
MAX_CRASHES = 3
"""So many crashes are a failure even if tasks run in between, when ECS's circuit breaker no longer counts."""
EIGHT_SERVICES = project({f"image-{n}": (f"service-{n}",) for n in range(8)}, environments=("stage",))
COMMAND = (
    "release-deploy", "--environment-id", "stage", "--confirmation-interval", "0.5", "--confirmation-wait-for", "60",
)  # fmt: skip
REDEPLOYED = "{0} (sample-stage/{0}): ECS redeploys it as"
SETTLED = re.compile(r"^\S+Z \S+ (?P<service>service-\d) \(.*?\) (?P<status>succeeded|failed|superseded)")


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to an image. `redeployed_after`: seconds until another deployment of its service."""

    name: str
    behaviour: str
    redeployed_after: float | None = None


def random_fate(rng: random.Random) -> Fate:
    match rng.choice(("good", "good", "slow", "crash", "crash later", "unpullable", "redeployed")):
        case "good":
            return Fate("good", GOOD)
        case "slow":
            return Fate("slow", f"slow={rng.uniform(15, 90):.0f}")
        case "crash":
            return Fate("crash", f"crash={rng.randint(1, 255)}")
        case "crash later":
            return Fate("crash later", f"crash-later={rng.uniform(15, 120):.0f}")
        case "unpullable":
            return Fate("unpullable", "unpullable")
        case _:
            return Fate("redeployed", "slow=45", rng.uniform(0.0, 2.5))


async def redeploy_later(world: World, running: RunningTool, service_id: str, after: float) -> float:
    """Redeploy the service `after` seconds after the tool did; returns the time."""
    while not any(REDEPLOYED.format(service_id) in line.text for line in running.progress):
        await asyncio.sleep(0.05)
    await asyncio.sleep(after)
    await world.truth.redeploy("stage", service_id)
    return time.time()


async def deploy_and_check(world: World, fates: Mapping[str, Fate], count: Count) -> None:
    """Deploy images with these fates (service id → fate), and compare each verdict with what runs."""
    for service_id, fate in fates.items():
        await world.push(image_of(service_id), behaviour=fate.behaviour)
    world.proxy.reset()
    running = await world.start(*COMMAND)
    redeploying = {
        service_id: asyncio.create_task(redeploy_later(world, running, service_id, fate.redeployed_after))
        for service_id, fate in fates.items()
        if fate.redeployed_after is not None
    }
    run = await running.wait()
    services = await world.truth.services("stage")
    polls = [call.arrived for call in world.proxy.calls if call.name == "ecs:DescribeServices"]
    redeployed = {name: task.result() for name, task in redeploying.items() if task.done()}
    settled = {found["service"]: line.at for line in run.progress if (found := SETTLED.match(line.text))}
    reported = {service["service_id"]: service for service in run.document["deployment"]["services"]}
    problems: list[str] = []
    for service_id, fate in fates.items():
        assert service_id in settled, f"no verdict on {service_id}\n{run.log}"
        at = settled[service_id]
        last_poll = max(poll for poll in polls if poll < at)
        verdict = Verdict(
            status=reported[service_id]["status"],
            ours=reported[service_id]["ecs_deployment_id"],
            wanted=world.digests[image_of(service_id)],
            last_poll=last_poll,
            at=at,
            overtaken=redeployed.get(service_id, at) < last_poll,
        )
        if problem := problem_of(verdict, fate, services[service_id]):
            problems.append(f"{service_id}: {problem}; {fate}, {verdict}, {services[service_id]}")
        count(f"random rollouts: {fate.name}, {verdict.status}", 1)
    count("random rollouts", len(fates))
    count("wrong verdicts", len(problems))
    assert not problems, "\n".join((*problems, run.log))
    all_succeeded = all(service["status"] == "succeeded" for service in reported.values())
    assert (run.code, run.status) == ((0, "succeeded") if all_succeeded else (1, "failed")), run.log
    for task in redeploying.values():
        task.cancel()
    await asyncio.gather(*redeploying.values(), return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The tool's verdict on a service.

    Attributes:
        status: the service's status.
        ours: the id of the ECS deployment that brought the release: the tool's own, or a later one that it followed.
        wanted: the digest to run.
        last_poll: when the tool polled for the last time before the verdict.
        at: when the tool reported the verdict.
        overtaken: whether another deployment of the service began before the last poll.

    """

    status: str
    ours: str
    wanted: str
    last_poll: float
    at: float
    overtaken: bool


def problem_of(verdict: Verdict, fate: Fate, truth: ActualService) -> str:
    """What is wrong with a verdict, empty if it is right. `truth` is the service's state after the tool had ended."""
    ours = (task for task in truth.tasks if task.digests == {verdict.wanted})
    ran = any(task.ran_between(verdict.last_poll, verdict.at) for task in ours)
    runs_well = truth.primary == verdict.ours and truth.steady and truth.running == {verdict.wanted}
    match verdict.status, fate.name:
        case "succeeded", "unpullable":
            return "that image can't run"
        case "succeeded", "crash" if not (truth.primary == verdict.ours and truth.complete):
            return "that image can't run for long enough"
        case "succeeded", _ if not ran:
            return "no task with its digest ran then"
        case "succeeded", _ if verdict.overtaken and truth.primary != verdict.ours:
            return "another deployment than the one that it names was primary then"
        case "succeeded", "good" | "slow" if not runs_well:
            return "it does not run well"
        case "failed", "good" | "slow" | "redeployed":
            return "nothing is wrong with that image"
        case "failed", _ if (
            verdict.ours not in truth.failed and truth.crashes(verdict.wanted, verdict.at) < MAX_CRASHES
        ):
            return "ECS did not fail it, and its image did not crash that often"
        case "superseded", _:
            return "whoever redeployed it deployed the same image"
        case "succeeded" | "failed", _:
            return ""
    return "it should be certain by now"


def image_of(service_id: str) -> str:
    return service_id.replace("service", "image")


@pytest.mark.parametrize("seed", range(TESTS))
def test_every_verdict_matches_what_runs(seed: int, sandbox_host: Host, tmp_path: Path, count: Count) -> None:
    rng = random.Random(seed)  # noqa: S311 - repeats the same rollouts

    async def main() -> None:
        async with worlds(sandbox_host, EIGHT_SERVICES, tmp_path) as (world,):
            for _ in range(DEPLOYMENTS_PER_TEST):
                await deploy_and_check(
                    world, {service_id: random_fate(rng) for service_id in EIGHT_SERVICES.services}, count
                )

    asyncio.run(main())
