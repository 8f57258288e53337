"""Lets every call to AWS fail in every way, and then runs the tool again, which must succeed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults_real.checks import assert_deployed
from tests.faults_real.test_kills import NEW_IMAGES, STAGE_ONLY
from tests.faults_real.worlds import FAST_POLLS, LONG_WAIT, SHORT_LEASE, World, attempt_all, share, worlds
from tests.figures import Count
from tests.proxy import handlers
from tests.proxy.handlers import Handler
from tests.proxy.tool import CompletedRun
from tests.sandboxes import Host
from weco_deploy.sandbox.images import GOOD

pytestmark = pytest.mark.faults

SHARES, WORLDS = 12, 4
RELEASE_DEPLOY = ("release-deploy", "--environment-id", "stage")
DEPLOY_LATEST = ("deploy", "--release-id", "latest", "--environment-id", "stage")
SHORT_WATCH = ("--confirmation-interval", "0.5", "--confirmation-wait-for", "15")

ONCE, LASTING = 1, 12
"""How many calls in a row fail: one, which botocore retries, or more than it retries."""

PLANNING = (
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:BatchGetImage",
    "ecs:DescribeServices",
    "ecs:ListTasks",
    "ecs:DescribeTasks",
)
WATCHING = ("ecs:DescribeServices", "ecs:ListTasks", "ecs:DescribeTasks")
CHANGES = ("dynamodb:TransactWriteItems", "ecr:PutImage", "ecs:UpdateService")
CREATE_TABLE, RENEW_LEASE = "dynamodb:CreateTable", "dynamodb:UpdateItem"
SLOW = "slow=120"
"""So slow that a short lease must be renewed."""
SOME_POLLS = "slow=120"
"""So slow that a single poll can't find the rollout done."""

REFUSALS: dict[str, Handler] = {
    "throttled": handlers.throttled(),
    "503": handlers.refused(503, "ServiceUnavailable", "try later"),
    "denied": handlers.denied(),
    "expired": handlers.expired(),
    "malformed": handlers.malformed,
    "reset": handlers.reset,
}
"""Errors before AWS has acted."""
TRANSIENT: dict[str, Handler] = {
    "throttled": handlers.throttled(),
    "500": handlers.refused(500, "InternalFailure", "internal error"),
    "503": handlers.refused(503, "ServiceUnavailable", "try later"),
    "reset": handlers.reset,
    "lost": handlers.lost,
    "slow": handlers.slow(2.0),
}
"""Errors that a deployment must survive if they happen once."""
TRANSIENT_READS = {way: TRANSIENT[way] for way in ("503", "reset", "slow")}
"""The transient errors that are tried on reads."""
AFTER_ACTING: dict[str, Handler] = {"lost": handlers.lost, "garbled": handlers.garbled}
"""Errors after AWS has acted, so that its response does not arrive."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Lets `times` calls fail in this way, from the `nth` call with this name on."""

    call: str
    way: str
    handler: Handler
    nth: int
    times: int

    @property
    def command(self) -> tuple[str, ...]:
        """A command that makes the call. Only a search for the latest release queries the index."""
        return DEPLOY_LATEST if self.call == "dynamodb:Query" else RELEASE_DEPLOY

    @property
    def lease(self) -> tuple[str, ...]:
        """A short one where the fault can leave the lock behind. Otherwise a long one: a busy machine must not let it run out."""
        if self.call == RENEW_LEASE:
            return SHORT_LEASE
        leaves_lock = self.call.startswith("dynamodb:") or self.way == "stalled"
        return SHORT_LEASE if leaves_lock and not self.harmless else LONG_WAIT

    @property
    def images(self) -> str:
        """Images that start slowly enough for the call to be made `nth` times."""
        if self.call == RENEW_LEASE:
            return SLOW
        return SOME_POLLS if self.call in WATCHING and self.nth > 1 else GOOD

    @property
    def harmless(self) -> bool:
        """Whether the deployment must succeed despite the fault."""
        return self.times == ONCE and self.way in TRANSIENT

    @property
    def denies_planning(self) -> bool:
        """Whether a missing permission prevents the plan. Services can be found without the tagging API."""
        return (
            self.way == "denied"
            and self.call in PLANNING
            and self.nth == 1
            and self.call != "tag:GetResources"
        )


def every_fault() -> list[Fault]:
    return [
        *(Fault(call, "stalled", handlers.stalled, 1, ONCE) for call in ("ecr:BatchGetImage", *CHANGES)),
        *(Fault(call, way, handler, 1, LASTING) for call in PLANNING for way, handler in REFUSALS.items()),
        *(Fault(call, way, handler, 3, LASTING) for call in WATCHING for way, handler in REFUSALS.items()),
        *(
            Fault(call, way, handler, nth, LASTING)
            for call in CHANGES
            for way, handler in REFUSALS.items()
            for nth in (1, 2)
        ),
        *(
            Fault(call, way, handler, 1, ONCE)
            for call in PLANNING
            for way, handler in TRANSIENT_READS.items()
        ),
        *(Fault(call, way, handler, 2, ONCE) for call in CHANGES for way, handler in TRANSIENT.items()),
        *(
            Fault(call, way, handler, nth, ONCE)
            for call in CHANGES
            for way, handler in AFTER_ACTING.items()
            for nth in (1, 3)
        ),
        *(Fault(call, way, handler, 1, LASTING) for call in CHANGES for way, handler in AFTER_ACTING.items()),
        *(
            Fault(call, way, handler, 1, LASTING)
            for call in (CREATE_TABLE, RENEW_LEASE)
            for way, handler in REFUSALS.items()
        ),
        *(
            Fault(call, way, handler, 1, ONCE)
            for call in (CREATE_TABLE, RENEW_LEASE)
            for way, handler in TRANSIENT.items()
        ),
    ]


async def attempt(world: World, fault: Fault, count: Count) -> None:
    await world.push(*NEW_IMAGES, behaviour=fault.images)
    if fault.call == CREATE_TABLE:
        await world.truth.delete_table()
    if fault.command == DEPLOY_LATEST:
        assert (await world.run("prepare")).code == 0
    world.proxy.reset()
    world.proxy.on(fault.call, fault.handler, nth=fault.nth, times=fault.times)
    first = await world.run(*fault.command, *fault.lease, *(FAST_POLLS if fault.harmless else SHORT_WATCH))
    calls = [call for call in world.proxy.calls if call.name == fault.call]
    assert len(calls) >= fault.nth, f"{fault}: there was no such call\n{first.log}"
    await assert_reported_truthfully(world, fault, first)
    count(f"faults: {fault.way}", 1)
    count("faults tried", 1)
    if first.code == 0:
        return
    world.proxy.reset()

    last = await world.run(*fault.command, *LONG_WAIT, *FAST_POLLS)

    await assert_deployed(world, "stage", world.digests, last, fault)


async def assert_reported_truthfully(world: World, fault: Fault, first: CompletedRun) -> None:
    """The tool reports success only if the images run, and a failure with its cause."""
    context = f"{fault}\n{first.log}"
    if fault.harmless:
        assert first.status == "succeeded", context
    if first.code == 0 or first.status == "succeeded":
        await assert_deployed(world, "stage", world.digests, first, fault)
    if fault.denies_planning:
        assert (first.code, first.status) == (1, "access_denied"), context
        assert fault.call in first.document["error"]["message"], context
    if fault.way == "expired" and fault.nth == 1 and fault.call in PLANNING:
        assert (first.code, first.status) == (1, "no_credentials"), context
    assert "Traceback" not in first.log, context
    assert "internal error:" not in first.log, context


@pytest.mark.parametrize("number", range(SHARES))
def test_failed_call_is_reported_and_a_second_run_succeeds(
    number: int, sandbox_host: Host, tmp_path: Path, count: Count
) -> None:
    async def main() -> None:
        async with worlds(sandbox_host, STAGE_ONLY, tmp_path, WORLDS) as all_worlds:
            faults = share(every_fault(), number, SHARES)
            await attempt_all(all_worlds, faults, lambda world, fault: attempt(world, fault, count))

    asyncio.run(main())
