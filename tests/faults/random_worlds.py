"""Random worlds: services that are all different, new images, other people who meddle meanwhile, and how somebody deploys."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tests.faults.chance import Chance
from tests.faults.random_images import push_images
from tests.faults.random_others import OTHER_TAG, add_others
from tests.faults.random_services import add_services
from tests.operations.runs import release_deploy
from tests.world import World
from tests.world.ecs import TIMINGS
from tests.world.projects import project
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.registry import EcrAddress
from weco_deploy.sandbox.ecs import Timings

IMAGES = {
    "search": ["search-api", "search-worker"],
    "items": ["items-api", "both"],
    "merger": ["merger", "both"],
    "loader": ["loader"],
}
LONGEST_LAG = 3.0
"""Seconds by which reads of services and tasks lag at most."""
ABROAD = "us-east-1"
NEVER = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomWorld:
    """A world, and how somebody deploys there: fields of a `DeployRequest`. `situations` says what there is in it."""

    world: World
    options: Mapping[str, Any]
    situations: frozenset[str]


def random_world(seed: int) -> RandomWorld:
    """The world of that seed, which comes to the same each time."""
    chance = Chance(seed)
    abroad = chance.happens(0.12, "replica: services pull from another region")
    world = World(_in_waves(_project(chance, abroad=abroad), seed, chance))
    world.workers = 1  # calls in a fixed order, so that each gets the same lag again
    settings = world.ecs.simulation.settings
    settings.rollback_has_new_id = chance.happens(0.5, "ECS's rollback has an id of its own")
    for image in world.project.images:
        world.image(image.id, "env.stage", OTHER_TAG)
    host = _replicate(world, chance) if abroad else world.host
    add_services(world, chance, host)
    if chance.happens(0.4, "an earlier deployment succeeded"):
        release_deploy(world)
    settings.timings = _timings(chance)
    push_images(world, chance)
    _begin_lag(world, chance)
    add_others(world, chance)
    if chance.happens(0.5):
        world.pass_time(chance.between(0, 5))
    return RandomWorld(world=world, options=_options(chance), situations=frozenset(chance.situations))


def _project(chance: Chance, *, abroad: bool) -> Project:
    stage = Environment(
        id="stage",
        name="Stage",
        region_name=ABROAD if abroad else None,
        on_failure="rollback" if chance.happens(0.4, "project file: on_failure rollback") else "leave",
        old_tasks="wait" if chance.happens(0.1, "project file: old_tasks wait") else "leave",
    )
    return project(IMAGES, environments=(stage,))


def _in_waves(project: Project, seed: int, chance: Chance) -> Project:
    """Some services come after others. Choices of their own keep the worlds of all seeds what they were without waves."""
    choices = Chance(seed + 0.5)
    if not choices.happens(0.4):
        return project
    after: dict[str, tuple[str, ...]] = {}
    services = tuple(project.services)
    for number, service_id in enumerate(services[1:], start=1):
        if choices.happens(0.5):
            after[service_id] = (choices.choice(services[:number]),)
    if after:
        chance.note("project file: services come after others")
    return replace(project, after=after)


def _replicate(world: World, chance: Chance) -> str:
    """Services run in another region, and pull from a replica there. Its host name."""
    lag = chance.choice([0.0, 20.0, 95.0, 400.0, NEVER])
    chance.note("replica: tags never arrive" if lag == NEVER else f"replica: tags arrive after {lag:g} s")
    failure_code = "AccessDenied" if lag == NEVER else ""
    world.replicate(EcrAddress(world.place.account, ABROAD), lag, failure_code=failure_code)
    return f"{world.place.account}.dkr.ecr.{ABROAD}.amazonaws.com"


def _timings(chance: Chance) -> Timings:
    """How fast ECS is: mostly quick, so that much happens within a waiting time."""
    if chance.happens(0.2, "ECS is as slow as AWS's"):
        return Timings()
    drain = chance.noted("seconds of draining:", [1, 15, 120])
    bake = chance.noted("seconds of bake time:", [20, 120, 300])
    return replace(TIMINGS, deregistration=float(drain), stop=chance.choice([1.0, 30.0]), bake=float(bake))


def _begin_lag(world: World, chance: Chance) -> None:
    longest = chance.noted("seconds of lag at most:", [0.0, 1.0, LONGEST_LAG])
    lags = Chance(chance.between(0, 1))
    world.lag(partial(lags.between, 0, longest))


def _options(chance: Chance) -> Mapping[str, Any]:
    return {
        "wait": chance.noted("waiting time:", [20.0, 45.0, 90.0, 180.0, 300.0, 600.0]),
        "interval": chance.noted("interval:", [2.0, 5.0, 10.0]),
        "stable_for": chance.noted("stable for:", [0.0, 10.0, 30.0]),
        "rollback_on_failure": chance.noted("--rollback-on-failure:", [None, True, True, False]),
    }
