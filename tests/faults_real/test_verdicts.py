"""The verdict on each service is what truly runs at the time of the verdict, whatever becomes of the images."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.truth import TrueService
from tests.faults_real.worlds import World, worlds
from tests.figures import Count
from tests.proxy.tool import Running
from tests.sandboxes import Host
from tests.world.projects import project
from weco_deploy.sandbox.behaviour import GOOD, UNPULLABLE, Behaviour

pytestmark = pytest.mark.faults

TESTS, DEPLOYMENTS_A_TEST = 5, 5
CRASHES = 3
"""Where ECS's circuit breaker counts no more, as many crashes are a failure, also if a task runs between two."""
EIGHT = project({f"image-{n}": (f"service-{n}",) for n in range(8)}, environments=("stage",))
COMMAND = (
    "release-deploy", "--environment-id", "stage", "--confirmation-interval", "0.5", "--confirmation-wait-for", "60",
)  # fmt: skip
REDEPLOYED = "{0} (sample-stage/{0}): ECS redeploys it as"
SETTLED = re.compile(r"^\S+Z \S+ (?P<service>service-\d) \(.*?\) (?P<status>succeeded|failed|superseded)")


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an image; `redeployed_after`: seconds until somebody else redeploys its service."""

    name: str
    behaviour: Behaviour
    redeployed_after: float | None = None


def fate(chance: random.Random) -> Fate:
    match chance.choice(("good", "good", "slow", "crash", "crash later", "unpullable", "redeployed")):
        case "good":
            return Fate("good", GOOD)
        case "slow":
            return Fate("slow", Behaviour(starts_after=chance.uniform(0.5, 3.0)))
        case "crash":
            return Fate("crash", Behaviour(exit_code=chance.randint(1, 255)))
        case "crash later":
            return Fate("crash later", Behaviour(exit_code=1, exits_after=chance.uniform(0.5, 4.0)))
        case "unpullable":
            return Fate("unpullable", UNPULLABLE)
        case _:
            return Fate("redeployed", Behaviour(starts_after=1.5), chance.uniform(0.0, 2.5))


async def meddle(world: World, running: Running, service_id: str, after: float) -> float:
    """Redeploy the service so long after the tool did; answers when that was done."""
    while not any(REDEPLOYED.format(service_id) in line.text for line in running.progress):
        await asyncio.sleep(0.05)
    await asyncio.sleep(after)
    await world.truth.redeploy("stage", service_id)
    return time.time()


async def deployed(world: World, fates: Mapping[str, Fate], count: Count) -> None:
    """Push images of these fates (service id → fate), deploy them, and compare each verdict with what runs."""
    for service_id, one in fates.items():
        await world.push(image_of(service_id), behaviour=one.behaviour)
    world.proxy.forget()
    running = await world.begin(*COMMAND)
    meddling = {
        service_id: asyncio.create_task(meddle(world, running, service_id, one.redeployed_after))
        for service_id, one in fates.items()
        if one.redeployed_after is not None
    }
    ran = await running.ended()
    services = await world.truth.services("stage")
    polls = [call.arrived for call in world.proxy.calls if call.name == "ecs:DescribeServices"]
    redeployed = {name: task.result() for name, task in meddling.items() if task.done()}
    settled = {found["service"]: line.at for line in ran.progress if (found := SETTLED.match(line.text))}
    told = {one["service_id"]: one for one in ran.document["deployment"]["services"]}
    wrong: list[str] = []
    for service_id, one in fates.items():
        assert service_id in settled, f"nothing was said of {service_id}\n{ran.told}"
        at = settled[service_id]
        looked = max(poll for poll in polls if poll < at)
        verdict = Verdict(
            status=told[service_id]["status"],
            ours=told[service_id]["ecs_deployment_id"],
            wanted=world.digests[image_of(service_id)],
            looked=looked,
            at=at,
            overtaken=redeployed.get(service_id, at) < looked,
        )
        if problem := problem_of(verdict, one, services[service_id]):
            wrong.append(f"{service_id}: {problem}; {one}, {verdict}, {services[service_id]}")
        count(f"random rollouts: {one.name}, {verdict.status}", 1)
    count("random rollouts", len(fates))
    count("wrong verdicts", len(wrong))
    assert not wrong, "\n".join((*wrong, ran.told))
    fine = all(one["status"] == "succeeded" for one in told.values())
    assert (ran.code, ran.status) == ((0, "succeeded") if fine else (1, "failed")), ran.told
    for task in meddling.values():
        task.cancel()
    await asyncio.gather(*meddling.values(), return_exceptions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the tool said of a service `at` a time, after it had `looked`.

    `ours` is its ECS deployment, `wanted` the digest; `overtaken`: somebody had redeployed the service before the
    tool looked for the last time.
    """

    status: str
    ours: str
    wanted: str
    looked: float
    at: float
    overtaken: bool


def problem_of(verdict: Verdict, fate: Fate, truth: TrueService) -> str:
    """What is wrong with a verdict; empty if it is true. `truth` is how the service was right after the tool ended."""
    ours = (task for task in truth.tasks if task.digests == {verdict.wanted})
    ran = any(task.ran_between(verdict.looked, verdict.at) for task in ours)
    runs_well = truth.primary == verdict.ours and truth.steady and truth.running == {verdict.wanted}
    match verdict.status, fate.name:
        case "succeeded", "unpullable":
            return "that image can't run"
        case "succeeded", "crash" if not (truth.primary == verdict.ours and truth.complete):
            return "that image can't run for long enough"
        case "succeeded", _ if not ran:
            return "no task with its digest ran then"
        case "succeeded", _ if verdict.overtaken:
            return "somebody else's deployment was primary then"
        case "succeeded", "good" | "slow" if not runs_well:
            return "it does not run well"
        case "failed", "good" | "slow" | "redeployed":
            return "nothing is wrong with that image"
        case "failed", _ if (
            verdict.ours not in truth.failed and truth.crashes(verdict.wanted, verdict.at) < CRASHES
        ):
            return "ECS did not fail it, and its image did not crash that often"
        case "superseded", _ if truth.primary == verdict.ours or fate.name != "redeployed":
            return "nobody else redeployed it"
        case "succeeded" | "failed" | "superseded", _:
            return ""
    return "it should be certain by now"


def image_of(service_id: str) -> str:
    return service_id.replace("service", "image")


@pytest.mark.parametrize("seed", range(TESTS))
def test_every_verdict_is_what_truly_runs(
    seed: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same rollouts each time

    async def scene() -> None:
        async with worlds(sandbox_host, EIGHT, tmp_path) as (world,):
            for _ in range(DEPLOYMENTS_A_TEST):
                await deployed(world, {service_id: fate(chance) for service_id in EIGHT.services}, count)

    asyncio.run(scene())
