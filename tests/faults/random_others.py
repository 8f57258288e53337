"""What other people do in random worlds, and what goes wrong there, before and during the deployment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from tests.faults.chance import Chance
from tests.world import World
from weco_deploy.sandbox.ecs import ApiError, RequestLimit
from weco_deploy.sandbox.ecs.trouble import START_FAILS

HAPPENS_ONCE = (
    "redeployed",
    "deleted",
    "recreated",
    "spot-interruption",
    "host-failure",
    "termination-notice",
    "task-stopped",
    "container-exit",
    "deployment-continued",
    "deployment-refused",
)
LASTS = (
    "hook-fails",
    "hook-hangs",
    "no-capacity",
    "alarm",
    "targets-fail",
    "target-group-missing",
    *START_FAILS,
)
"""Kinds of `weco_deploy.sandbox.ecs.trouble`."""
BY_HAND = (
    "scaled",
    "deployment stopped by hand",
    "task run by hand",
    "other image deployed (other tag)",
    "same image deployed (new task definition)",
    "tag moved by hand",
)
OTHER_TAG = "other"
LAST_MEDDLING = 150.0
"""Seconds after the beginning by which the others have done what they do."""
READS = RequestLimit(frozenset({"ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks"}), 4, 0.5)
CHANGES = RequestLimit(frozenset({"ecs:UpdateService"}), 2, 0.2)


def add_others(world: World, chance: Chance) -> None:
    """Meddling just before the deployment begins, and during it."""
    for service_id in world.project.services:
        if chance.happens(0.08, "others, before: redeployed"):
            world.somebody_redeploys(service_id, "stage")
        for probability in (0.3, 0.08):
            if chance.happens(probability):
                _meddle(world, service_id, chance)
    if chance.happens(0.1, "AWS throttles changes"):
        world.ecs.simulation.settings.limits = (CHANGES,)
    if chance.happens(0.1, "AWS throttles reads"):
        begin = chance.between(1, 60)
        world.at(begin, partial(_limit, world, (READS,)))
        world.at(begin + chance.between(10, 60), partial(_limit, world, ()))


def _limit(world: World, limits: tuple[RequestLimit, ...]) -> None:
    world.ecs.simulation.settings.limits = limits


def _meddle(world: World, service_id: str, chance: Chance) -> None:
    kind = chance.noted("others:", [*HAPPENS_ONCE, *LASTS, *BY_HAND])
    begin = chance.between(0, LAST_MEDDLING)
    if kind in BY_HAND:
        world.at(begin, _by_hand(world, service_id, kind, chance))
        return
    world.at(begin, partial(world.trouble, service_id, "stage", kind))
    if kind in LASTS and chance.happens(0.7):
        world.at(begin + chance.between(5, 60), partial(world.trouble, service_id, "stage", "none"))


def _by_hand(world: World, service_id: str, kind: str, chance: Chance) -> partial[None]:
    match kind:
        case "scaled":
            change = partial(world.scale, service_id, "stage", chance.choice([0, 1, 3]))
        case "deployment stopped by hand":
            change = partial(world.stop_deployment, service_id, "stage")
        case "task run by hand":
            change = partial(world.run_task, service_id, "stage")
        case "other image deployed (other tag)":
            change = partial(world.redefine, service_id, "stage", OTHER_TAG)
        case "same image deployed (new task definition)":
            change = partial(world.redefine, service_id, "stage", "env.stage")
        case _:
            change = partial(_move_tag_back, world, world.project.services[service_id][0])
    return partial(_attempt, change)


def _attempt(change: Callable[[], None]) -> None:
    """What somebody else tries may be refused: the service is gone, its deployment has ended, AWS throttles."""
    with suppress(ApiError):
        change()


def _move_tag_back(world: World, image_id: str) -> None:
    """Somebody points the environment's tag at the image from before."""
    before = world.tag(image_id, OTHER_TAG)
    assert before is not None
    world.point(image_id, "env.stage", before)
