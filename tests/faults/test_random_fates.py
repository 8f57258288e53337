"""Whatever becomes of the images and of the services meanwhile: each verdict is true, and no healthy release is rolled back."""

from __future__ import annotations

from random import Random

import pytest

from tests.faults.judge import Judge
from tests.faults.random_worlds import Mix, world_of
from tests.figures import Count
from tests.operations.runs import deployments, recorded, release, request
from weco_deploy.model.requests import DEFAULT_STABLE_FOR
from weco_deploy.operations.deploy import deploy

WORLDS = 500
SHARES = 4
WAIT = 300.0


def judged(seed: int, mix: Mix) -> Judge:
    """A random deployment, the same each time for a seed; the judge has heard all of it."""
    chance = Random(seed)  # noqa: S311 - made-up histories, no secrets
    world = world_of(chance, mix)
    interval = chance.choice([2.0, 5.0, 10.0])
    judge = Judge(world, interval, DEFAULT_STABLE_FOR)
    ports = world.ports()
    wanted = request(release(ports), wait=WAIT, interval=interval, rollback_on_failure=chance.random() < 0.5)

    last = deploy(wanted, ports, lambda _: True, judge.hear)

    known = {deployment.deployment_id: deployment.status for deployment in deployments(world)}
    assert known[last.deployment_id] is last.status, f"seed {seed}: {last}"
    assert recorded(world).lock is None, f"seed {seed}: {last}"
    return judge


@pytest.mark.parametrize("share", range(SHARES))
def test_the_verdict_is_what_truly_runs_at_its_time(share: int, count: Count) -> None:
    findings: list[str] = []
    verdicts: set[str] = set()
    for seed in range(share, WORLDS, SHARES):
        judge = judged(seed, Mix())
        findings += [f"seed {seed}: {finding}" for finding in judge.findings]
        verdicts |= set(judge.verdicts)
        count("in process: deployments with random fates, judged rightly", 1)
        count("in process: verdicts on their services, each right", len(judge.verdicts))
    assert not findings, "\n".join(findings)
    assert verdicts >= {"succeeded", "failed", "nothing_running"}
