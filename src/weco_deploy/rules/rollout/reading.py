"""Decides when a poll reads the tasks of a rollout. DescribeServices costs a tenth of a call for a service, tasks cost far more.

DescribeServices shows most of what happens: counts of tasks by deployment, failed starts, events, the state of the rollout. So
tasks are read

- when our deployment first runs tasks, and when it first runs all of them: a wrong digest fails the rollout at once;
- when the service is about to settle: it is steady, and nothing but the passing of time was waited for;
- whenever failed tasks count (`crash_loop.py`), or something changed that may be one;
- now and then while old tasks run beside all new ones, because nothing else tells that these are protected;
- in the last look, which reads everything.

A rollout succeeds only by tasks that were read in the same poll.
"""

from __future__ import annotations

from dataclasses import dataclass

from weco_deploy.model.service import EcsDeployment, Service
from weco_deploy.rules.rollout.crash_loop import needs_stopped_tasks
from weco_deploy.rules.rollout.identity import may_follow
from weco_deploy.rules.rollout.last_read import are_tasks_due
from weco_deploy.rules.rollout.steady_state import runs_all_desired
from weco_deploy.rules.rollout.strategies import strategy_of
from weco_deploy.rules.rollout.track import Track


@dataclass(frozen=True, slots=True)
class Reads:
    """What a poll reads of a service, besides the service itself.

    `revision`: the digests to which the PRIMARY deployment resolved its images. `definitions`: these task definitions.
    """

    tasks: bool
    stopped: bool = False
    revision: bool = False
    definitions: tuple[str, ...] = ()


def reads(track: Track, service: Service, *, everything: bool = False) -> Reads:
    """What a poll reads, after it has described the service.

    It reads running tasks once our deployment runs any, and the tasks of a steady service, because counts by deployment may lag;
    but only when they may tell something new (`reading.py`), or if `everything` is to be read. It reads stopped tasks only where
    we count them (`crash_loop.py`). If a later deployment is PRIMARY, it reads what tells whether to follow it.
    """
    if not track.deployment_id and service.primary is not None and service.primary.id == track.previous_id:
        return Reads(tasks=False)  # ECS has not begun to roll it back
    ours = service.deployment(track.deployment_id)
    if strategy_of(service).begins_beside:
        if ours is None:
            return Reads(tasks=False)
    elif ours is None or ours.status != "PRIMARY":
        later = service.primary if may_follow(track, service) else None
        if later is None:
            return Reads(tasks=False)
        return Reads(
            tasks=service.running > 0, revision=True, definitions=_definitions_to_compare(track, later)
        )
    steady, counts_stops = runs_all_desired(service), needs_stopped_tasks(track, service, ours)
    due = everything or bool(track.stops or track.suspicion)
    if not due and not are_tasks_due(
        track.last_read, service, ours, steady=steady, counts_stops=counts_stops
    ):
        return Reads(tasks=False)
    return Reads(tasks=ours.running > 0 or (service.running > 0 and steady), stopped=counts_stops)


def _definitions_to_compare(track: Track, later: EcsDeployment) -> tuple[str, ...]:
    """The task definitions of ours and of a later deployment, if they may differ."""
    ours = track.made.task_definition if track.made else ""
    return () if ours == later.task_definition else tuple(filter(None, (ours, later.task_definition)))
