"""Two deployments of different releases start at once in an environment: they exclude each other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_recorded, assert_running
from tests.faults_real.test_kills import NEW_IMAGES, STAGE_ONLY
from tests.faults_real.worlds import FAST_POLLS, World, attempt_all, worlds
from tests.figures import Count
from tests.proxy.calls import Call
from tests.proxy.handlers import held
from tests.proxy.server import Proxy
from tests.proxy.tool import CompletedRun, upstreams
from tests.sandboxes import Host

pytestmark = pytest.mark.faults

TESTS, WORLDS, RACES_PER_TEST = 5, 2, 10
MIN_OVERLAPS_PER_TEST = 8
BARRIER_TIMEOUT = 20.0
CLAIM = "dynamodb:TransactWriteItems"
TO_STAGE = ("deploy", "--environment-id", "stage")


@dataclass(frozen=True, slots=True)
class MadeRelease:
    """A release, with the digest of each image."""

    id: str
    digests: Mapping[str, str]


async def make_release(world: World) -> MadeRelease:
    """A release of new images, not deployed."""
    await world.push(*NEW_IMAGES)
    run = await world.run("prepare")
    assert run.code == 0, run.log
    return MadeRelease(str(run.document["release"]["release_id"]), dict(world.digests))


async def race(world: World, releases: Sequence[MadeRelease], number: int, count: Count) -> bool:
    """Deploy two releases at once; returns whether their claims overlapped."""
    patience = ("--wait-for-lock", "90") if number % 2 else ()
    barrier = asyncio.Barrier(2)
    async with Proxy(upstreams(world.sandbox)) as first, Proxy(upstreams(world.sandbox)) as second:
        proxies = (first, second)
        for proxy in proxies:
            proxy.on(CLAIM, held(barrier, BARRIER_TIMEOUT))
        running = [
            await world.start(*TO_STAGE, "--release-id", release.id, *patience, *FAST_POLLS, proxy=proxy)
            for release, proxy in zip(releases, proxies, strict=True)
        ]
        runs = await asyncio.gather(*(tool.wait() for tool in running))
        context = "\n".join(run.log for run in runs)
        logs = [[call for call in proxy.calls if call.changes] for proxy in proxies]
    winner = await assert_one_at_a_time(runs, logs, patience != (), context)
    digests = releases[winner].digests
    deployment_id = runs[winner].document["deployment"]["deployment_id"]
    assert await world.truth.tags("stage") == digests, context
    await assert_running(world, "stage", digests, context)
    await assert_recorded(world, "stage", digests, deployment_id, releases[winner].id, context)
    count("races", 1)
    claims = [next(call for call in log if call.name == CLAIM) for log in logs]
    overlapped = overlap(*claims)
    count("races whose two claims were truly under way at once", int(overlapped))
    return overlapped


async def assert_one_at_a_time(
    runs: Sequence[CompletedRun], logs: Sequence[Sequence[Call]], waits: bool, context: str
) -> int:
    """The index of the last run to deploy. The other run made all its changes before it, or none."""
    if not waits:
        assert sorted(run.code for run in runs) == [0, 4], context
        loser = next(index for index, run in enumerate(runs) if run.code == 4)
        assert runs[loser].status == "environment_locked", context
        assert not [call for call in logs[loser] if call.name != CLAIM], context
        return 1 - loser
    assert [run.status for run in runs] == ["succeeded", "succeeded"], context
    spans = [span([call for call in log if call.name != CLAIM]) for log in logs]
    first, second = sorted(range(2), key=lambda index: spans[index])
    assert spans[first][1] <= spans[second][0], context
    return second


def span(calls: Sequence[Call]) -> tuple[float, float]:
    return min(call.arrived for call in calls), max(call.ended or call.arrived for call in calls)


def overlap(first: Call, second: Call) -> bool:
    """Whether each call was forwarded to AWS before AWS had responded to the other."""
    assert first.forwarded is not None
    assert second.forwarded is not None
    assert first.acted is not None
    assert second.acted is not None
    return first.forwarded < second.acted and second.forwarded < first.acted


@pytest.mark.parametrize("number", range(TESTS))
def test_two_deployments_at_once_are_never_mixed(
    number: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    overlapped: list[bool] = []
    releases: dict[World, list[MadeRelease]] = {}

    async def attempt(world: World, race_number: int) -> None:
        if world not in releases:
            releases[world] = [await make_release(world) for _ in range(3)]
        tags = await world.truth.tags("stage")
        idle = [release for release in releases[world] if release.digests != tags][:2]
        overlapped.append(await race(world, idle, number + race_number, count))

    async def main() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, WORLDS) as all_worlds:
            await attempt_all(all_worlds, range(RACES_PER_TEST), attempt)

    asyncio.run(main())
    assert sum(overlapped) >= MIN_OVERLAPS_PER_TEST
