"""SIGINT and SIGTERM at any moment: the tool settles what it did, lets go of the lock, and leaves within seconds."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_right
from tests.faults_real.test_kills import NEW, STAGE_ONLY
from tests.faults_real.worlds import WATCHED, World, in_lanes, worlds
from tests.figures import Count
from tests.proxy.deeds import signalled
from tests.sandboxes import Host
from weco_deploy.sandbox.behaviour import Behaviour

pytestmark = pytest.mark.faults

LANES = 2
ENDS_WITHIN = 5.0
COMMAND = ("release-deploy", "--environment-id", "stage")
SLOW = Behaviour(starts_after=3.0)


@dataclass(frozen=True, slots=True)
class Moment:
    """While the `nth` call of that name is on its way; from the claim on there is something to settle."""

    call: str
    nth: int
    claimed: bool = True


MOMENTS = (
    Moment("ecr:BatchGetImage", 2, claimed=False),
    Moment("ecs:DescribeServices", 1, claimed=False),
    Moment("dynamodb:TransactWriteItems", 1),
    Moment("ecr:PutImage", 2),
    Moment("dynamodb:TransactWriteItems", 2),
    Moment("ecs:UpdateService", 1),
    Moment("ecs:UpdateService", 3),
    Moment("ecs:DescribeServices", 3),
)


async def attempt(world: World, moment: Moment, number: signal.Signals, count: Count) -> None:
    await world.push(*NEW, behaviour=SLOW)
    before = await world.truth.tags("stage")
    world.proxy.forget()
    victim: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    sent: list[float] = []
    deed = signalled(victim, number, lambda: sent.append(time.time()))
    world.proxy.on(moment.call, deed, nth=moment.nth)

    first = await world.run_with_victim(victim, *COMMAND, *WATCHED)

    said = f"{moment} {number.name}\n{first.told}"
    assert sent, said
    assert first.ended - sent[0] <= ENDS_WITHIN, said
    assert (first.code, first.status) == (130, "interrupted"), said
    assert "Traceback" not in first.told, said
    if moment.claimed:
        assert "lock" not in await world.truth.environment("stage"), said
        assert (await world.truth.deployments())[-1]["status"] == "interrupted", said
    else:
        assert await world.truth.tags("stage") == before, said
    world.proxy.forget()
    last = await world.run(*COMMAND, "--lock-lease", "60", *WATCHED)  # nobody holds it: nothing to wait for
    await assert_right(world, "stage", world.digests, last, said)
    count("signals", 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_settles_the_deployment_and_frees_the_environment_within_seconds(
    number: signal.Signals, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def scene() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, LANES) as lanes:
            await in_lanes(lanes, MOMENTS, lambda world, moment: attempt(world, moment, number, count))

    asyncio.run(scene())
