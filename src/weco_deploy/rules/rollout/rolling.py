"""How a service's rollout stands: a fold over polls, from what ECS said to a status and its reason.

Success is said only when all of it holds at once: our deployment is PRIMARY and complete, as many tasks
run as are desired, each of them was described and reports the release's digests, and no other deployment
runs anything. Failure is said as soon as it is certain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from weco_deploy.model.deployment import SETTLED, ServiceStatus
from weco_deploy.model.digest import short_digest
from weco_deploy.model.plan import PlannedService
from weco_deploy.model.service import EcsDeployment, Service, ServiceView, Task
from weco_deploy.rules.running import (
    Match,
    all_described,
    belongs,
    certainly,
    compare,
    rested,
    running,
    wrong_container,
)

POLLS_TO_BE_SURE = 2
"""Reads lag: what could be an old answer counts when it was seen in as many polls in a row."""
POLLS_TO_BE_SUSPICIOUS = 3
"""After so many polls without an end tasks are looked for that had run and stopped: no circuit breaker counts those."""
POLLS_AGAINST_THE_PAST = 6
"""The same for an answer that shows the service as if ours had never begun: that is most likely an old one."""

NOT_OUR_FAULT = frozenset(
    {"SpotInterruption", "TerminationNotice", "ServiceSchedulerInitiated", "UserInitiated"}
)
"""Stop codes that say nothing about the image: Spot, the instance's end, scaling in or draining, a person.

The scheduler also stops what fails its health checks: that does say something.
"""
GONE = frozenset({"DRAINING", "INACTIVE"})
"""Statuses of a service that was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """What is known of a service's rollout so far.

    `deployment_id` is our ECS deployment; `previous_id` the PRIMARY before it. `stops` are the ARNs of
    our tasks that failed, each counted once, `stopped_before` how many did before it first did well,
    `stopped_because` is why the newest did; `overtaken`, `absent`
    and `steady` count polls in a row, `polls` all of them.
    `well_since` is when it was first seen to do well, if it was: what failed before is no matter any more.
    """

    service: PlannedService
    deployment_id: str
    previous_id: str | None
    since: datetime
    status: ServiceStatus = ServiceStatus.IN_PROGRESS
    state: str = "waiting for ECS"
    reason: str = ""
    running: int = 0
    desired: int = 0
    seen: bool = False
    overtaken: int = 0
    absent: int = 0
    steady: int = 0
    polls: int = 0
    stops: frozenset[str] = frozenset()
    stopped_before: int = 0
    stopped_because: str = ""
    well_since: datetime | None = None

    @property
    def settled(self) -> bool:
        return self.status in SETTLED


@dataclass(frozen=True, slots=True)
class Reads:
    """Which task lists can tell more than the service alone does."""

    tasks: bool
    stopped: bool


def reads(track: Track, service: Service) -> Reads:
    """What to read of the service's tasks to judge it.

    Running tasks as soon as our deployment runs some: a wrong digest fails it at once, and all right ones
    are needed for success (also where only the service is told to run some). Stopped tasks only where no
    circuit breaker counts them for us, or where it takes long.
    """
    ours = service.deployment(track.deployment_id)
    if ours is None or ours.status != "PRIMARY":
        return Reads(tasks=False, stopped=False)
    return Reads(
        tasks=ours.running > 0 or (service.running > 0 and rested(service)),
        stopped=service.desired > 0 and (_uncounted(track, service, ours) or _suspicious(track, ours)),
    )


def advance(track: Track, view: ServiceView | None) -> Track:
    """The track after one more poll; `view` is None if ECS does not know the service."""
    if track.settled:
        return track
    if view is None or view.service.status in GONE:
        return _gone(track)
    service = view.service
    ours = service.deployment(track.deployment_id)
    track = replace(
        track,
        running=ours.running if ours else 0,
        desired=service.desired,
        absent=0,
        polls=track.polls + 1,
    )
    if ours is not None:
        track = replace(track, seen=True)
        if ours.rollout_state == "FAILED":
            return _fail(track, ours.rollout_reason or "ECS says that its rollout failed")
    if ours is None or ours.status != "PRIMARY":
        return _not_primary(track, service, ours)
    track = replace(track, overtaken=0)
    if service.desired == 0:
        return _nothing_desired(track, service)
    failed = _failed_tasks(track, view, ours)
    if failed.settled:
        return failed
    return _judge_running(failed, view, ours)


def again(track: Track) -> Track:
    """The track of a service that did well, to be judged once more: it may have crashed since, or been taken over."""
    return replace(
        track,
        status=ServiceStatus.IN_PROGRESS,
        state="not looked at since it did well",
        stops=frozenset(),
        stopped_before=track.stopped_before + len(track.stops),
    )


def _fail(track: Track, reason: str, state: str = "failed") -> Track:
    return replace(track, status=ServiceStatus.FAILED, state=state, reason=reason)


def _gone(track: Track) -> Track:
    track = replace(track, absent=track.absent + 1, overtaken=0, steady=0, state="not found")
    if track.absent < POLLS_TO_BE_SURE:
        return track
    return _fail(track, "the service is gone: it was deleted while it was deployed to")


def _not_primary(track: Track, service: Service, ours: EcsDeployment | None) -> Track:
    """Somebody else's deployment is PRIMARY: later than ours, a rollback by ECS, or an answer from before."""
    primary = service.primary
    from_before = ours is None and primary is not None and primary.id == track.previous_id
    told = _told_of_failure(track, service)
    if primary is None or (from_before and not track.seen and not told):
        return replace(track, overtaken=0, steady=0, state="waiting for ECS")
    track = replace(track, overtaken=track.overtaken + 1, steady=0, state="another deployment is primary")
    if track.overtaken < (POLLS_AGAINST_THE_PAST if from_before and not told else POLLS_TO_BE_SURE):
        return track
    if primary.id == track.previous_id or _rolled_back(track, service, primary, ours):
        return _fail(
            track, f"ECS rolled back to {primary.id}: {primary.rollout_reason or 'it gives no reason'}"
        )
    return replace(
        track,
        status=ServiceStatus.SUPERSEDED,
        state="superseded",
        reason=f"a later deployment, {primary.id}, took over from ours, {track.deployment_id}",
    )


def _rolled_back(track: Track, service: Service, primary: EcsDeployment, ours: EcsDeployment | None) -> bool:
    """Whether the primary deployment is ECS's rollback of ours, not somebody else's deployment.

    Both are failures; ECS's words only tell which. A rollback that is a deployment of its own says so
    while it goes on (if it does not go back *to* ours), and the event log says that ours failed.
    """
    if ours is not None and primary.created_at < ours.created_at:
        return True
    if "rolling back" in primary.rollout_reason and track.deployment_id not in primary.rollout_reason:
        return True
    return _told_of_failure(track, service)


def _told_of_failure(track: Track, service: Service) -> bool:
    """Whether ECS's event log says that our deployment failed: that is no answer from before it."""
    return any(f"{track.deployment_id}) deployment failed" in event.message for event in service.events)


def _nothing_desired(track: Track, service: Service) -> Track:
    if service.running or service.pending:
        return replace(track, state="scaling to nothing", steady=0)
    if service.scheduling == "DAEMON" and not rested(service):  # until ECS has counted the instances
        return replace(track, state="starting", steady=0)
    return replace(
        track,
        status=ServiceStatus.NOTHING_RUNNING,
        state="nothing is running",
        reason="its desired count is 0: the new images run when it is scaled up",
    )


def _failed_tasks(track: Track, view: ServiceView, ours: EcsDeployment) -> Track:
    """Where no circuit breaker counts the tasks that fail, nobody but us does: ECS retries for ever.

    A circuit breaker counts those that do not get to run, and not those that stop afterwards.
    """
    if view.stopped is None:
        return track
    failed = [task for task in view.stopped if belongs(task, ours) and is_failure(task)]
    if not _uncounted(track, view.service, ours):
        failed = [task for task in failed if task.started_at is not None]
    if track.well_since is not None:
        failed = [task for task in failed if task.stopped_at is None or task.stopped_at >= track.well_since]
    stops = track.stops | {task.arn for task in failed}
    newest = max(failed, key=lambda task: (task.stopped_at is not None, task.stopped_at), default=None)
    because = newest.stopped_reason if newest else track.stopped_because
    track = replace(track, stops=stops, stopped_because=because)
    limit = max(3, -(-view.service.desired // 2))
    if len(stops) < limit:
        return track
    why = f": {because}" if because else ""
    return _fail(
        track,
        f"{len(stops)} tasks of this deployment stopped{why}; {_nobody_counts(view.service, ours)}, "
        "so ECS keeps retrying",
    )


def _nobody_counts(service: Service, ours: EcsDeployment) -> str:
    if not service.breaker:
        return "it has no circuit breaker"
    if ours.rollout_state == "COMPLETED":
        return "its circuit breaker counts no more, because the rollout was complete"
    return "its circuit breaker does not count tasks that had been running"


def _uncounted(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether nobody but us counts the tasks that fail: there is no circuit breaker, or the rollout is complete,
    which ends its work.
    """
    if not service.breaker:
        return True
    failing = service.running < service.desired or track.well_since is not None
    return ours.rollout_state == "COMPLETED" and failing


def _suspicious(track: Track, ours: EcsDeployment) -> bool:
    """Whether it takes so long that tasks may run and stop, again and again."""
    return ours.rollout_state == "IN_PROGRESS" and track.polls >= POLLS_TO_BE_SUSPICIOUS


def is_failure(task: Task) -> bool:
    """Whether a stopped task says something against its image."""
    return task.stop_code not in NOT_OUR_FAULT or "health check" in task.stopped_reason


def _judge_running(track: Track, view: ServiceView, ours: EcsDeployment) -> Track:
    service, expected = view.service, track.service.expected
    tasks = running(view)
    own = tuple(task for task in tasks if belongs(task, ours))
    wrong = wrong_container((task for task in own if certainly(task, ours)), expected)
    if wrong:
        task, container, one = wrong
        return _fail(
            track,
            f"task {task.id} runs {short_digest(container.digest or '')} of {one.image_id}, not the release's "
            f"{short_digest(min(one.digests)) if len(one.digests) == 1 else 'digests'}",
        )
    if not rested(service):
        return replace(track, steady=0, state=_rolling(service, ours))
    if not all_described(view):
        return replace(track, steady=0, state="waiting for its tasks to be listed")
    if any(task.deployment_id not in (ours.id, None) for task in tasks):
        return replace(track, steady=0, state="tasks of another deployment run")
    match = compare(tasks, expected)
    if match is Match.WRONG:
        return replace(track, steady=0, state="tasks with other digests still run")
    if match is Match.UNTOLD:
        return replace(track, steady=0, state="waiting for ECS to tell its digests")
    steady = track.steady + 1
    if ours.rollout_state is None and steady < POLLS_TO_BE_SURE:
        return replace(track, steady=steady, state="steady")
    return replace(
        track, steady=steady, status=ServiceStatus.SUCCEEDED, state="succeeded", reason=_despite(track)
    )


def _despite(track: Track) -> str:
    """What speaks against a service that did well all the same: too few stops for a failure, too many to be silent."""
    number = track.stopped_before + len(track.stops)
    if not number:
        return ""
    tasks = "one of its tasks" if number == 1 else f"{number} of its tasks"
    return f"although {tasks} stopped{': ' if track.stopped_because else ''}{track.stopped_because}"


def _rolling(service: Service, ours: EcsDeployment) -> str:
    draining = sum(one.running for one in service.deployments if one is not ours)
    if ours.running < service.desired:
        failed = f", {ours.failed_tasks} failed" if ours.failed_tasks else ""
        trouble = _trouble(service, ours)
        return f"starting{failed}: {trouble}" if trouble else f"starting{failed}"
    if draining:
        return f"{draining} old {'task' if draining == 1 else 'tasks'} still running"
    return "settling"


def _trouble(service: Service, ours: EcsDeployment) -> str:
    """What keeps tasks from starting, in the words of ECS's newest event about it: shown, never judged by."""
    told = (event for event in service.events if event.at >= ours.created_at and "unable to" in event.message)
    newest = next(told, None)
    return newest.message.partition(". ")[0] if newest else ""
