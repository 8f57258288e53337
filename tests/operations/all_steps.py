"""A world whose deployments to stage have every kind of step: a migration, three waves of services, and a check."""

from __future__ import annotations

from dataclasses import replace

from tests.operations.migrations import MIGRATE, define
from tests.world import World
from tests.world.projects import THREE_WAVES
from weco_deploy.model.project import Environment
from weco_deploy.model.rollout_check import Program, RolloutCheck

SMOKE = RolloutCheck(id="smoke", probe=Program(arguments=("./smoke-test",)))
STAGE = Environment(id="stage", name="Stage", before=(MIGRATE,), checks=(SMOKE,))


def with_all_steps() -> World:
    """The world, with a first release in stage. The migration uses the image `search`."""
    world = World.of(replace(THREE_WAVES, environments=(STAGE,)))
    define(world)
    return world
