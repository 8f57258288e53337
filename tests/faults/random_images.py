"""Images of random worlds: how they behave, and what is odd about them in the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tests.faults.chance import Chance
from tests.world import Behaviour, World, crash, good, slow, unpullable
from tests.world.behaviour import START

BEHAVIOURS: Mapping[str, Callable[[Chance], Behaviour]] = {
    "slow": lambda chance: slow(chance.between(20, 250)),
    "very slow": lambda _: slow(1000),
    "crash": lambda chance: crash(code=chance.number(1, 136)),
    "crash later": lambda chance: crash(at=chance.between(1, 120), code=chance.number(1, 136)),
    "end later with 0": lambda chance: crash(at=chance.between(1, 120), code=0),
    "unpullable": lambda _: unpullable(),
    "unhealthy": lambda _: Behaviour(start=START, healthy=False),
    "flaky": lambda chance: Behaviour(start=START, failing_starts=chance.number(1, 4)),
    "protects itself": lambda chance: Behaviour(start=START, protects_for=chance.choice([60, 3600])),
}
"""Behaviours of new images, besides good ones. An unhealthy image does harm only where something checks its health."""


def push_images(world: World, chance: Chance) -> None:
    """A new image in most repositories, about half of them good; and what the registry does to them."""
    for image in world.project.images:
        if chance.happens(0.1, "image: not new"):
            continue
        before = world.tag(image.id, "env.stage")
        digest = _push(world, image.id, chance)
        if before and chance.happens(0.06, "image: the one before is archived"):
            world.archive(image.id, before)
        if chance.happens(0.015, "image: archived before the deployment"):
            world.archive(image.id, digest)
        elif chance.happens(0.03, "image: archived during the deployment"):
            world.at(chance.between(0.5, 60), partial(world.archive, image.id, digest))


def _push(world: World, image_id: str, chance: Chance) -> str:
    behaviour = good()
    if chance.happens(0.4):
        behaviour = BEHAVIOURS[chance.noted("image:", list(BEHAVIOURS))](chance)
    else:
        chance.note("image: good")
    return world.push(
        image_id,
        behaviour,
        multi_arch=(index := chance.happens(0.2, "image: multi-arch")),
        reports_child=index and chance.happens(0.5, "image: multi-arch, tasks report the child"),
    )
