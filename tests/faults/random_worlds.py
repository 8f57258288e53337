"""Random deployments: services that are all different, new images, and other people who meddle with the services meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, cast

from tests.world import Behaviour, World, crash, good, slow, unpullable
from tests.world.behaviour import START
from tests.world.ecs import ServiceOptions
from tests.world.projects import project

PROJECT = project(
    {
        "search": ["search-api"],
        "items": ["items-api", "both"],
        "merger": ["merger", "both"],
        "loader": ["loader"],
    },
    environments=("stage",),
)
LONGEST_LAG = 3.0
"""Seconds by which reads of services and tasks lag at most."""
LAST_MEDDLING = 150.0
"""Seconds after the beginning by which the others have done what they do."""

IMAGES: Mapping[str, Callable[[Random], Behaviour]] = {
    "slow": lambda chance: slow(chance.uniform(20, 250)),
    "too slow": lambda _: slow(1000),
    "crash": lambda chance: crash(code=chance.randrange(1, 200)),
    "crash later": lambda chance: crash(at=chance.uniform(1, 120)),
    "unpullable": lambda _: unpullable(),
    "unhealthy": lambda _: Behaviour(start=START, healthy=False),
    "flaky": lambda chance: Behaviour(start=START, failing_starts=chance.randrange(1, 4)),
}
"""Behaviours of new images, besides good ones. An unhealthy image does harm only where something checks its health."""

SERVICES: Mapping[str, Callable[[Random], Mapping[str, Any]]] = {
    "no breaker": lambda _: {"breaker": False},
    "breaker without rollback": lambda _: {"rolls_back": False},
    "breaker with a count": lambda chance: _breaker("COUNT", chance.choice([1, 2, 5, 8]), chance),
    "breaker with a percentage": lambda chance: _breaker(
        "UNBOUNDED_PERCENT", chance.choice([50, 100, 300]), chance
    ),
    "early success": lambda chance: _early_success(chance.choice(["DEFERRED", "BLOCKING"])),
    "alarm": lambda chance: {"alarm": f"alarm-{chance.randrange(1000)}"},
    "health check": lambda _: {"health_check": True},
    "targets": lambda _: {"balanced": True},
    "classic": lambda _: {"classic": True},
    "unpinned": lambda _: {"pins_tags": False},
}
"""Options of services."""

HAPPENS_ONCE = (
    "redeployed",
    "deleted",
    "recreated",
    "spot-interruption",
    "host-failure",
    "termination-notice",
    "task-stopped",
    "container-exit",
)
LASTS = ("no-capacity", "alarm", "targets-fail")
MEDDLING = (*HAPPENS_ONCE, *LASTS, "scaled")
"""What happens to a service: `weco_deploy.sandbox.ecs.trouble` explains it."""


def _breaker(kind: str, value: int, chance: Random) -> Mapping[str, Any]:
    breaker = {
        "enable": True,
        "rollback": chance.random() < 0.7,
        "thresholdConfiguration": {"type": kind, "value": value},
    }
    return {"configuration": {"deploymentCircuitBreaker": breaker}}


def _early_success(cleanup: str) -> Mapping[str, Any]:
    criteria = {"enable": True, "healthyPercent": 100, "sourceServiceRevisionCleanup": cleanup}
    return {"configuration": {"earlySuccessCriteria": criteria}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """The kinds of situation that worlds are made of.

    Attributes:
        images: keys of `IMAGES`.
        services: keys of `SERVICES`.
        meddling: some of `MEDDLING`.
        protection: whether old tasks may be protected from scale-in.
        lag: whether reads may lag.

    """

    images: Sequence[str] = tuple(IMAGES)
    services: Sequence[str] = tuple(SERVICES)
    meddling: Sequence[str] = MEDDLING
    protection: bool = True
    lag: bool = True


def world_of(chance: Random, mix: Mix) -> World:
    """A world with a new image for each repository, which comes to the same each time."""
    world = World(PROJECT)
    world.workers = 1  # calls in a fixed order, so that each gets the same lag again
    for image in PROJECT.images:
        world.image(image.id, "env.stage")
    for service_id, image_ids in PROJECT.services.items():
        options = _options(chance, mix)
        world.service(service_id, "stage", list(image_ids), **options)
        if mix.protection and chance.random() < 0.15:
            world.protect_tasks(service_id, "stage", minutes=chance.choice([1, 60]))
    for image in PROJECT.images:
        bad = bool(mix.images) and chance.random() < 0.5
        world.push(image.id, IMAGES[chance.choice(mix.images)](chance) if bad else good())
    for service_id in PROJECT.services:
        if mix.meddling and chance.random() < 0.3:
            _meddle(world, service_id, chance.choice(mix.meddling), chance)
    longest = chance.choice([0.0, 1.0, LONGEST_LAG]) if mix.lag else 0.0
    lags = Random(chance.random())  # noqa: S311 - made-up histories, no secrets
    world.lag(lambda: lags.uniform(0, longest))
    return world


def _options(chance: Random, mix: Mix) -> ServiceOptions:
    options: dict[str, Any] = {"desired": chance.choice([0, 1, 1, 2, 3, 6])}
    for name in mix.services:
        if chance.random() < 0.15:
            options |= SERVICES[name](chance)
    if options.get("balanced"):
        options.pop("classic", None)  # a service has one kind of load balancer
    return cast("ServiceOptions", options)


def _meddle(world: World, service_id: str, kind: str, chance: Random) -> None:
    begin = chance.uniform(0, LAST_MEDDLING)
    if kind == "scaled":
        world.at(begin, partial(world.scale, service_id, "stage", chance.choice([0, 1, 3])))
        return
    world.at(begin, partial(world.trouble, service_id, "stage", kind))
    if kind in LASTS and chance.random() < 0.7:
        world.at(begin + chance.uniform(5, 60), partial(world.trouble, service_id, "stage", "none"))
