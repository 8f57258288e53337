"""AWS gives no answer for minutes: a signal is heard all the same, and the environment stays ours."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_right
from tests.faults_real.test_failures_are_seen import CRASH
from tests.faults_real.test_kills import NEW, STAGE_ONLY
from tests.faults_real.worlds import WATCHED, World, in_lanes, worlds
from tests.figures import Count
from tests.proxy.calls import Call
from tests.proxy.deeds import signalled, stalled
from tests.proxy.server import FOREVER, Proxy
from tests.sandboxes import Host
from weco_deploy.sandbox.behaviour import GOOD, Behaviour

pytestmark = pytest.mark.faults

LANES = 2
SETTLES_WITHIN = 5.0
LEAVES_WITHIN = 2.0
"""Where there is nothing to settle."""
COMMAND = ("release-deploy", "--environment-id", "stage")
SHORT_LEASE, GRACE = 8, 15
READS_OF_ECS = ("ecs:Describe", "ecs:List")


@dataclass(frozen=True, slots=True)
class Stall:
    """From some moment on no call whose name begins so is answered any more; the signal comes with the first.

    `watching`: from the first rollout on; then there is something to settle.
    """

    calls: tuple[str, ...]
    watching: bool = True
    behaviour: Behaviour = GOOD

    def which(self, world: World) -> Callable[[Call], bool]:
        def stalls(call: Call) -> bool:
            return call.name.startswith(self.calls) and (not self.watching or _redeployed(world))

        return stalls


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
    await world.push(*NEW, behaviour=stall.behaviour)
    before = await world.truth.tags("stage")
    world.proxy.forget()
    victim: asyncio.Future[asyncio.subprocess.Process] = asyncio.get_running_loop().create_future()
    sent: list[float] = []
    deed = signalled(victim, number, lambda: sent.append(time.time()), then=stalled)
    world.proxy.on(stall.which(world), deed)
    world.proxy.on(stall.which(world), stalled, times=FOREVER)

    first = await world.run_with_victim(victim, *COMMAND, *WATCHED)

    said = f"{stall} {number.name}\n{first.told}"
    assert sent, said
    took = first.ended - sent[0]
    assert took <= (SETTLES_WITHIN if stall.watching else LEAVES_WITHIN), f"{took:.1f} s\n{said}"
    assert (first.code, first.status) == (130, "interrupted"), said
    assert "Traceback" not in first.told, said
    world.proxy.forget()
    if stall.watching:
        assert "lock" not in await world.truth.environment("stage"), said
        assert (await world.truth.deployments())[-1]["status"] == "interrupted", said
    else:
        assert await world.truth.tags("stage") == before, said
    count("signals during a stall", 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_while_aws_does_not_answer(
    number: signal.Signals, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def scene() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, LANES) as lanes:
            await in_lanes(lanes, STALLS, lambda world, stall: attempt(world, stall, number, count))

    asyncio.run(scene())


def test_a_poll_that_stalls_for_longer_than_the_lease_does_not_lose_it(
    sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    """One read stalls until it is given up and made again: that is longer than the lease and its grace."""

    async def scene() -> None:
        async with (
            worlds(sandbox_host, STAGE_ONLY, tmp_path) as (world,),
            Proxy(world.sandbox.endpoint) as undisturbed,
        ):
            await world.push(*NEW)
            world.proxy.on(Stall(READS_OF_ECS).which(world), stalled)
            first = await world.begin(*COMMAND, "--lock-lease", f"{SHORT_LEASE}", *WATCHED)
            await _until(lambda: _redeployed(world))
            second = await world.begin(*COMMAND, "--wait-for-lock", "90", *WATCHED, proxy=undisturbed)

            one, other = await asyncio.gather(first.ended(), second.ended())

            said = f"{one.told}\n\n{other.told}"
            assert (one.code, one.status) == (0, "succeeded"), said
            assert one.ended - one.progress[0].at > SHORT_LEASE + GRACE, said
            assert "took over" not in other.told, said
            await assert_right(world, "stage", world.digests, other, said)
            count("stalls that were longer than a lease", 1)

    asyncio.run(scene())


def test_a_renewal_whose_answer_does_not_come_is_made_again_before_the_lease_ends(
    sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def scene() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path) as (world,):
            await world.push(*NEW, behaviour=Behaviour(starts_after=5.0))
            world.proxy.on("dynamodb:UpdateItem", stalled)

            ran = await world.run(*COMMAND, "--lock-lease", f"{SHORT_LEASE}", *WATCHED)

            lost, again, *_ = [call for call in world.proxy.calls if call.name == "dynamodb:UpdateItem"]
            assert again.ended is not None
            assert again.ended - lost.arrived < SHORT_LEASE * 3 / 4, (
                ran.told
            )  # it had been due after a quarter
            await assert_right(world, "stage", world.digests, ran, ran.told)
            count("renewals that stalled", 1)

    asyncio.run(scene())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.05)
