"""Two deployments of different releases to one environment, begun at once: one wins, and nothing is mixed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_recorded, assert_running
from tests.faults_real.test_kills import NEW, STAGE_ONLY
from tests.faults_real.worlds import WATCHED, World, in_lanes, worlds
from tests.figures import Count
from tests.proxy.calls import Call
from tests.proxy.deeds import held
from tests.proxy.server import Proxy
from tests.proxy.tool import Ran
from tests.sandboxes import Host

pytestmark = pytest.mark.faults

TESTS, LANES, RACES_A_TEST = 5, 2, 10
OVERLAPS_A_TEST = 8
MEET_WITHIN = 20.0
CLAIM = "dynamodb:TransactWriteItems"
TO_STAGE = ("deploy", "--environment-id", "stage")


@dataclass(frozen=True, slots=True)
class Released:
    """A release, and its digest of each image."""

    id: str
    digests: Mapping[str, str]


async def released(world: World) -> Released:
    """A new release, not deployed."""
    await world.push(*NEW)
    ran = await world.run("prepare")
    assert ran.code == 0, ran.told
    return Released(str(ran.document["release"]["release_id"]), dict(world.digests))


async def race(world: World, releases: Sequence[Released], number: int, count: Count) -> bool:
    """One race of two releases that do not run; answers whether the two claims were under way at the same time."""
    patience = ("--wait-for-lock", "90") if number % 2 else ()
    barrier = asyncio.Barrier(2)
    async with Proxy(world.sandbox.endpoint) as one, Proxy(world.sandbox.endpoint) as other:
        proxies = (one, other)
        for proxy in proxies:
            proxy.on(CLAIM, held(barrier, MEET_WITHIN))
        running = [
            await world.begin(*TO_STAGE, "--release-id", release.id, *patience, *WATCHED, proxy=proxy)
            for release, proxy in zip(releases, proxies, strict=True)
        ]
        ran = await asyncio.gather(*(each.ended() for each in running))
        said = "\n".join(each.told for each in ran)
        logs = [[call for call in proxy.calls if call.changes] for proxy in proxies]
    winner = await assert_one_at_a_time(ran, logs, patience != (), said)
    digests = releases[winner].digests
    deployment_id = ran[winner].document["deployment"]["deployment_id"]
    assert await world.truth.tags("stage") == digests, said
    await assert_running(world, "stage", digests, said)
    await assert_recorded(world, "stage", digests, deployment_id, releases[winner].id, said)
    count("races", 1)
    claims = [next(call for call in log if call.name == CLAIM) for log in logs]
    overlapped = under_way_together(*claims)
    count("races whose two claims were truly under way at once", int(overlapped))
    return overlapped


async def assert_one_at_a_time(
    ran: Sequence[Ran], logs: Sequence[Sequence[Call]], waits: bool, said: str
) -> int:
    """Which of the two was last to deploy; the changes of the other were all made before its own, or never."""
    if not waits:
        assert sorted(each.code for each in ran) == [0, 4], said
        loser = next(index for index, each in enumerate(ran) if each.code == 4)
        assert ran[loser].status == "environment_locked", said
        assert not [call for call in logs[loser] if call.name != CLAIM], said
        return 1 - loser
    assert [each.status for each in ran] == ["succeeded", "succeeded"], said
    spans = [span([call for call in log if call.name != CLAIM]) for log in logs]
    first, second = sorted(range(2), key=lambda index: spans[index])
    assert spans[first][1] <= spans[second][0], said
    return second


def span(calls: Sequence[Call]) -> tuple[float, float]:
    return min(call.arrived for call in calls), max(call.ended or call.arrived for call in calls)


def under_way_together(one: Call, other: Call) -> bool:
    """Whether each was on its way to AWS before the other had its answer."""
    assert one.forwarded is not None
    assert other.forwarded is not None
    assert one.acted is not None
    assert other.acted is not None
    return one.forwarded < other.acted and other.forwarded < one.acted


@pytest.mark.parametrize("number", range(TESTS))
def test_of_two_deployments_at_once_one_wins_and_nothing_is_mixed(
    number: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    overlapped: list[bool] = []
    made: dict[World, list[Released]] = {}

    async def attempt(world: World, race_number: int) -> None:
        if world not in made:
            made[world] = [await released(world) for _ in range(3)]
        tags = await world.truth.tags("stage")
        idle = [release for release in made[world] if release.digests != tags][:2]
        overlapped.append(await race(world, idle, number + race_number, count))

    async def scene() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, LANES) as lanes:
            await in_lanes(lanes, range(RACES_A_TEST), attempt)

    asyncio.run(scene())
    assert sum(overlapped) >= OVERLAPS_A_TEST
