"""One step of a rolling update: how many tasks to start and which to stop.

`maximumPercent` of the desired count, rounded down, bounds the tasks that are RUNNING or PENDING;
`minimumHealthyPercent`, rounded up, those that must stay healthy. Old tasks make way as new ones become healthy, or
earlier where there is no room to start any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class RolledTask:
    """A task as the step sees it. `occupies`: it counts against the maximum, which it may do while it stops."""

    id: str
    new: bool
    wanted: bool
    occupies: bool
    healthy: bool
    protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`desired` tasks, never more than `most` at once, never fewer than `fewest` healthy ones."""

    desired: int
    fewest: int
    most: int

    @classmethod
    def of(cls, desired: int, minimum_percent: int, maximum_percent: int) -> Limits:
        return cls(
            desired=desired,
            fewest=-(-desired * minimum_percent // 100),
            most=desired * maximum_percent // 100,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Start so many, stop these. `held` are tasks that would be stopped if they were not protected."""

    start: int
    stop: tuple[str, ...]
    held: tuple[str, ...]


def next_step(
    limits: Limits, tasks: Sequence[RolledTask], starting: int, *, old_wanted: int | None = None
) -> Step:
    """The next step.

    Args:
        limits: of the service.
        tasks: all that have not stopped.
        starting: how many new ones are about to be placed.
        old_wanted: how many old tasks should stay for now; None: as many as new ones are missing or not healthy.

    """
    new = [task for task in tasks if task.new and task.wanted]
    old = [task for task in tasks if not task.new and task.wanted]
    healthy_new = sum(task.healthy for task in new)
    missing = max(0, limits.desired - len(new) - starting)
    room = max(0, limits.most - sum(task.occupies for task in tasks) - starting)
    start = min(missing, room)
    spare = max(0, healthy_new + sum(task.healthy for task in old) - limits.fewest)

    stay = max(0, limits.desired - healthy_new) if old_wanted is None else old_wanted
    leave = max(0, len(old) - stay)
    if missing and not room:
        leave = max(leave, min(len(old), missing))
    stop, held = _chosen(old, leave, spare)
    surplus = max(0, len(new) - limits.desired)
    spare_left = spare - sum(task.healthy for task in old if task.id in stop)
    stop_new, held_new = _chosen(new, surplus, spare_left)
    return Step(start=start, stop=(*stop, *stop_new), held=(*held, *held_new))


def _chosen(tasks: Sequence[RolledTask], count: int, spare: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Up to `count` tasks to stop, those that are not healthy first, and those spared only by their protection."""
    stop: list[str] = []
    held: list[str] = []
    for task in sorted(tasks, key=lambda task: task.healthy):
        if len(stop) + len(held) == count:
            break
        if task.healthy and spare <= 0:
            continue
        if task.protected:
            held.append(task.id)
            continue
        stop.append(task.id)
        spare -= task.healthy
    return tuple(stop), tuple(held)
