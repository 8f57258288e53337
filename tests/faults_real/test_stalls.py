"""AWS does not answer for minutes: a signal still ends the tool, and the tool keeps its lock."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_deployed
from tests.faults_real.test_crash_reports import CRASH
from tests.faults_real.test_kills import NEW_IMAGES, STAGE_ONLY
from tests.faults_real.worlds import FAST_POLLS, World, attempt_all, worlds
from tests.figures import Count
from tests.proxy.calls import Call
from tests.proxy.handlers import signalled, stalled
from tests.proxy.server import FOREVER, Proxy
from tests.proxy.tool import upstreams
from tests.sandboxes import Host
from weco_deploy.sandbox.images import GOOD

pytestmark = pytest.mark.faults

WORLDS = 2
MAX_SECONDS_TO_SETTLE = 5.0
MAX_SECONDS_TO_END = 2.0
"""Without a record to settle."""
COMMAND = ("release-deploy", "--environment-id", "stage")
LEASE_SECONDS, GRACE_SECONDS = 8, 15
READS_OF_ECS = ("ecs:Describe", "ecs:List")


@dataclass(frozen=True, slots=True)
class Stall:
    """Calls whose names begin with `calls` are never answered. The signal comes with the first such call.

    With `watching` the stall begins after the first redeployment, so that there is a record to settle.
    """

    calls: tuple[str, ...]
    watching: bool = True
    behaviour: str = GOOD

    def matching(self, world: World) -> Callable[[Call], bool]:
        def matches(call: Call) -> bool:
            return call.name.startswith(self.calls) and (not self.watching or _redeployed(world))

        return matches


STALLS = (
    Stall(("ecr:BatchGetImage",), watching=False),
    Stall(("dynamodb:GetItem",), watching=False),
    Stall(READS_OF_ECS),
    Stall(("ecs:DescribeTasks",)),
    Stall(("logs:GetLogEvents",), behaviour=CRASH),
)


def _redeployed(world: World) -> bool:
    return any(call.name == "ecs:UpdateService" and call.ended for call in world.proxy.calls)


async def attempt(world: World, stall: Stall, number: signal.Signals, count: Count) -> None:
    await world.push(*NEW_IMAGES, behaviour=stall.behaviour)
    before = await world.truth.tags("stage")
    world.proxy.reset()
    process: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    sent: list[float] = []
    handler = signalled(process, number, lambda: sent.append(time.time()), then=stalled)
    world.proxy.on(stall.matching(world), handler)
    world.proxy.on(stall.matching(world), stalled, times=FOREVER)

    first = await world.run_with_process(process, *COMMAND, *FAST_POLLS)

    context = f"{stall} {number.name}\n{first.log}"
    assert sent, context
    seconds = first.ended - sent[0]
    assert seconds <= (MAX_SECONDS_TO_SETTLE if stall.watching else MAX_SECONDS_TO_END), (
        f"{seconds:.1f} s\n{context}"
    )
    assert (first.code, first.status) == (130, "interrupted"), context
    assert "Traceback" not in first.log, context
    world.proxy.reset()
    if stall.watching:
        assert "lock" not in await world.truth.environment("stage"), context
        assert (await world.truth.deployments())[-1]["status"] == "interrupted", context
    else:
        assert await world.truth.tags("stage") == before, context
    count("signals during a stall", 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_tool_while_aws_does_not_answer(
    number: signal.Signals, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def main() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, WORLDS) as all_worlds:
            await attempt_all(all_worlds, STALLS, lambda world, stall: attempt(world, stall, number, count))

    asyncio.run(main())


def test_poll_that_stalls_longer_than_the_lease_does_not_lose_the_lock(
    sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    """A read stalls until botocore repeats it, which takes longer than the lease and its grace."""

    async def main() -> None:
        async with (
            worlds(sandbox_host, STAGE_ONLY, tmp_path) as (world,),
            Proxy(upstreams(world.sandbox)) as undisturbed,
        ):
            await world.push(*NEW_IMAGES)
            world.proxy.on(Stall(READS_OF_ECS).matching(world), stalled)
            first = await world.start(*COMMAND, "--lock-lease", f"{LEASE_SECONDS}", *FAST_POLLS)
            await _until(lambda: _redeployed(world))
            second = await world.start(*COMMAND, "--wait-for-lock", "90", *FAST_POLLS, proxy=undisturbed)

            first_run, second_run = await asyncio.gather(first.wait(), second.wait())

            context = f"{first_run.log}\n\n{second_run.log}"
            assert (first_run.code, first_run.status) == (0, "succeeded"), context
            assert first_run.ended - first_run.progress[0].at > LEASE_SECONDS + GRACE_SECONDS, context
            assert "took over" not in second_run.log, context
            await assert_deployed(world, "stage", world.digests, second_run, context)
            count("stalls that were longer than a lease", 1)

    asyncio.run(main())


def test_stalled_renewal_is_repeated_before_the_lease_ends(
    sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def main() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path) as (world,):
            await world.push(*NEW_IMAGES, behaviour="slow=120")
            world.proxy.on("dynamodb:UpdateItem", stalled)

            run = await world.run(*COMMAND, "--lock-lease", f"{LEASE_SECONDS}", *FAST_POLLS)

            stalled_call, repeated_call, *_ = [
                call for call in world.proxy.calls if call.name == "dynamodb:UpdateItem"
            ]
            assert repeated_call.ended is not None
            # The renewal was due after a quarter of the lease.
            assert repeated_call.ended - stalled_call.arrived < LEASE_SECONDS * 3 / 4, run.log
            await assert_deployed(world, "stage", world.digests, run, run.log)
            count("renewals that stalled", 1)

    asyncio.run(main())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.05)
