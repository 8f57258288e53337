"""One random deployment, judged."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.judge import Judge
from tests.faults.random_worlds import RandomWorld, random_world
from tests.operations.runs import deployments, recorded, release, request
from weco_deploy.errors import PlanRefused
from weco_deploy.operations.deploy import deploy


@dataclass(frozen=True, slots=True)
class Judged:
    """The world of a seed, and the judge who heard all of its deployment."""

    seed: int
    world: RandomWorld
    judge: Judge


def judged(seed: int) -> Judged:
    """The random deployment of that seed, the same each time."""
    random = random_world(seed)
    world, options = random.world, random.options
    judge = Judge(world, options["interval"], options["stable_for"])
    ports = world.ports()
    try:
        last = deploy(request(release(ports), **options), ports, lambda _: True, judge.hear)
    except PlanRefused as error:
        judge.refused(error)
        return Judged(seed, random, judge)
    known = {deployment.deployment_id: deployment.status for deployment in deployments(world)}
    assert known[last.deployment_id] is last.status, f"seed {seed}: {last}"
    assert recorded(world).lock is None, f"seed {seed}: {last}"
    return Judged(seed, random, judge)
