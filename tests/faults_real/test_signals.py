"""After SIGINT or SIGTERM at any moment the tool settles its record, releases the lock and ends within seconds."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_deployed
from tests.faults_real.test_kills import NEW_IMAGES, STAGE_ONLY
from tests.faults_real.worlds import FAST_POLLS, World, attempt_all, worlds
from tests.figures import Count
from tests.proxy.handlers import signalled
from tests.sandboxes import Host

pytestmark = pytest.mark.faults

WORLDS = 2
MAX_SECONDS = 5.0
COMMAND = ("release-deploy", "--environment-id", "stage")
SLOW = "slow=180"


@dataclass(frozen=True, slots=True)
class Moment:
    """During the `nth` call with this name. From the claim on there is a record to settle."""

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
    await world.push(*NEW_IMAGES, behaviour=SLOW)
    before = await world.truth.tags("stage")
    world.proxy.reset()
    process: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    sent: list[float] = []
    handler = signalled(process, number, lambda: sent.append(time.time()))
    world.proxy.on(moment.call, handler, nth=moment.nth)

    first = await world.run_with_process(process, *COMMAND, *FAST_POLLS)

    context = f"{moment} {number.name}\n{first.log}"
    assert sent, context
    assert first.ended - sent[0] <= MAX_SECONDS, context
    assert (first.code, first.status) == (130, "interrupted"), context
    assert "Traceback" not in first.log, context
    if moment.claimed:
        assert "lock" not in await world.truth.environment("stage"), context
        assert (await world.truth.deployments())[-1]["status"] == "interrupted", context
    else:
        assert await world.truth.tags("stage") == before, context
    world.proxy.reset()
    last = await world.run(
        *COMMAND, "--lock-lease", "60", *FAST_POLLS
    )  # does not wait: no run holds the lock
    await assert_deployed(world, "stage", world.digests, last, context)
    count("signals", 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_settles_the_deployment_and_releases_the_lock_within_seconds(
    number: signal.Signals, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def main() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, WORLDS) as all_worlds:
            await attempt_all(
                all_worlds, MOMENTS, lambda world, moment: attempt(world, moment, number, count)
            )

    asyncio.run(main())
