"""Judges rollouts poll by poll, from ECS's answers to a status and its reason. `strategy.py` has what differs between strategies.

A rollout has succeeded when all of this is true at once: our deployment is PRIMARY and complete, all desired tasks run,
each of them was described and reports the release's digests, and no other deployment runs tasks. It has failed as soon
as the failure is certain.

Success needs healthy tasks, too (`health.py`), because tasks that ECS starts after a complete rollout may not be healthy yet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from weco_deploy.model.deployment import ServiceStatus, reasons
from weco_deploy.model.draining import DrainingTask
from weco_deploy.model.service import EcsDeployment, Service, ServiceView
from weco_deploy.rules.digests import Match, all_described, compare, compare_resolved, running_tasks
from weco_deploy.rules.rollout import ecs_rollback, ecs_verdict
from weco_deploy.rules.rollout.aws_clock import CLOCK_RESOLUTION, aws_now
from weco_deploy.rules.rollout.crash_loop import (
    count_failures,
    failures_despite_success,
    judge_failures,
    note_healthy,
    note_hindrance,
)
from weco_deploy.rules.rollout.ecs_verdict import breaker_monitors
from weco_deploy.rules.rollout.events import concludes, present_trouble
from weco_deploy.rules.rollout.health import waits_for_health
from weco_deploy.rules.rollout.identity import (
    DELETED,
    POLLS_TO_CONFIRM,
    belongs,
    missing,
    not_primary,
    ran_release,
    to_judge,
)
from weco_deploy.rules.rollout.last_read import LastRead
from weco_deploy.rules.rollout.new_tasks import new_digests, speaks_against_the_image
from weco_deploy.rules.rollout.old_tasks import left_running, may_be_left, seconds_until_left
from weco_deploy.rules.rollout.other_images import other_images
from weco_deploy.rules.rollout.stability import last_failure, seconds_until_stable
from weco_deploy.rules.rollout.steady_state import in_steady_state, runs_all_desired
from weco_deploy.rules.rollout.strategies import strategy_of
from weco_deploy.rules.rollout.target_health import unchecked_targets, were_read
from weco_deploy.rules.rollout.track import Track
from weco_deploy.rules.rollout.wrong_digests import wrong_digest


def advance(track: Track, view: ServiceView | None) -> Track:
    """The track after another poll. `view` is None if ECS does not know the service."""
    if track.settled:
        return track
    if view is None or view.service.status in DELETED:
        return missing(track)
    after = _judge(track, view)
    if view.tasks is None and view.stopped is None:
        return after
    return replace(after, last_read=_last_read(after, view))


def _last_read(track: Track, view: ServiceView) -> LastRead:
    """What is kept of a poll that read tasks, after it was judged."""
    as_of, only_time = view.service.as_of, track.more_seconds and runs_all_desired(view.service)
    stable_at = as_of + timedelta(seconds=track.more_seconds) if as_of is not None and only_time else None
    return LastRead(
        deployment_id=track.deployment_id,
        service=view.service,
        stable_at=stable_at,
        blames_image=track.blames_image,
    )


def _judge(track: Track, view: ServiceView) -> Track:
    service = view.service
    if track.ecs_rollback:
        track = ecs_rollback.followed(track, view)
        if track.settled or not track.deployment_id:
            return replace(track, running=0, desired=service.desired, polls=track.polls + 1, polls_missing=0)
    ours = service.deployment(track.deployment_id)
    track = replace(
        track,
        running=ours.running if ours else 0,
        desired=service.desired,
        ours_listed=track.ours_listed or ours is not None,
        made=ours or track.made,
        polls=track.polls + 1,
        polls_missing=0,
        more_seconds=0.0,
        blames_image=False,
        unverified=False,
        draining=(),
    )
    track = ecs_verdict.with_verdict(track, view)
    if ours is not None and ours.rollout_state == "FAILED":
        reason = ours.rollout_reason or "ECS says that its rollout failed"
        return track.as_failed(ecs_verdict.with_details(reason, track))
    if why := ecs_verdict.failure(track):
        return track.as_failed(why)
    if strategy_of(service).begins_beside and not ecs_verdict.has_succeeded(track):
        return _beside(track, view, ours)
    if ours is None or ours.status != "PRIMARY":
        before, track = track.deployment_id, not_primary(track, view, ours)
        ours = service.primary
        if ours is None or track.deployment_id == before:
            return track
    track = replace(track, polls_not_primary=0)
    if service.desired == 0:
        return _nothing_desired(track, service)
    if other := other_images(track, view, ours):
        return track.as_superseded(other)
    track = _count(track, view, ours)
    return track if track.settled else _judge_running(track, view, ours)


def _beside(track: Track, view: ServiceView, ours: EcsDeployment | None) -> Track:
    """The track of a deployment whose tasks start beside those that get the traffic, until it is decided."""
    if ours is not None:
        track = _count(track, view, ours)
        if track.settled:
            return track
        if wrong := wrong_digest(track, view, ours):
            return track.as_failed(wrong)
        track = replace(track, blames_image=speaks_against_the_image(track, view, ours))
    strategy = strategy_of(view.service)
    said = strategy.state(track, view)
    if not said and ours is not None and track.verdict is not None:
        said = _rollout_state(track, view, ours)
    return replace(track, polls_steady=0, polls_not_primary=0, state=said or strategy.waits_for(track, view))


def _count(track: Track, view: ServiceView, ours: EcsDeployment) -> Track:
    """The track with our failed and our healthy tasks counted; failed if there are too many failures in a row."""
    monitors = breaker_monitors(track, view.service, ours)
    monitored = view.service.breaker and (track.breaker_monitored or monitors)
    track = replace(track, breaker_monitored=monitored)
    now = aws_now(view)
    running = [task for task in running_tasks(view) if belongs(task, ours)]
    healthy = [task for task in running if task.health != "UNHEALTHY"]
    if now is not None:
        track = note_healthy(track, healthy, now)
    if view.stopped is not None:
        stopped = [task for task in view.stopped if ran_release(task, ours, track.service.expected)]
        track = note_hindrance(track, stopped)
        track = count_failures(track, stopped, breaker_monitors=monitors)
    return judge_failures(
        track, view.service, ours, breaker_monitors=monitors, others_run=bool(healthy), now=now
    )


def _nothing_desired(track: Track, service: Service) -> Track:
    if service.running or service.pending:
        return replace(track, state="scaling to nothing", polls_steady=0)
    # Until ECS has counted the instances, a daemon service desires no tasks.
    if service.scheduling == "DAEMON" and not in_steady_state(service):
        return replace(track, state="starting", polls_steady=0)
    return replace(
        track,
        status=ServiceStatus.NOTHING_RUNNING,
        state="nothing is running",
        reason=reasons(
            "its desired count is 0: the new images run when it is scaled up", track.follow_remark
        ),
    )


def _judge_running(track: Track, view: ServiceView, ours: EcsDeployment) -> Track:
    last = track.last_read if view.tasks is None else None
    if last is not None and (left := last.waits_until(view.service, ours)):
        return _waiting_until_stable(track, left)
    if wrong := wrong_digest(track, view, ours):
        return track.as_failed(wrong)
    if last is not None and view.stopped is None and last.deployment_id == ours.id:
        track = replace(track, blames_image=last.blames_image)
    else:
        track = replace(track, blames_image=speaks_against_the_image(track, view, ours))
    if waiting_for := _waiting_for(track, view, ours):
        return _still_waiting(track, view, ours, waiting_for)
    if waiting_for := waits_for_health(view, running_tasks(view)):
        return replace(track, polls_steady=0, state=waiting_for)
    left = seconds_until_stable(view, running_tasks(view), track.stable_for, last_failure(track))
    if left:
        return _waiting_until_stable(track, left)
    steady = track.polls_steady + 1
    if ours.rollout_state is None and steady < POLLS_TO_CONFIRM:
        # If the time ends before the second poll, it is extended by a moment.
        return replace(track, polls_steady=steady, more_seconds=CLOCK_RESOLUTION, state="steady")
    return _succeeded(replace(track, polls_steady=steady), view)


def _waiting_until_stable(track: Track, seconds: float) -> Track:
    return replace(
        track,
        polls_steady=track.polls_steady + 1,
        more_seconds=seconds,
        state=f"waiting until its tasks have been running for {track.stable_for:g} s",
        blames_image=False,
    )


def _still_waiting(track: Track, view: ServiceView, ours: EcsDeployment, waiting_for: str) -> Track:
    """The track of a service whose rollout is not complete: it has succeeded all the same if only old tasks are left."""
    old = left_running(track, view, ours)
    if old is not None and new_digests(track, view, ours) is Match.RIGHT:
        return _succeeded(track, view, draining=old)
    if old is not None:
        waiting_for = _nothing_tells(track)
    # A suspicion may have set its own seconds.
    more_seconds = max(track.more_seconds, seconds_until_left(track, view, ours))
    unverified = waiting_for == _nothing_tells(track)
    return replace(track, polls_steady=0, state=waiting_for, unverified=unverified, more_seconds=more_seconds)


def _succeeded(track: Track, view: ServiceView, draining: tuple[DrainingTask, ...] = ()) -> Track:
    return replace(
        track,
        status=ServiceStatus.SUCCEEDED,
        state="succeeded",
        reason=reasons(
            failures_despite_success(track),
            track.follow_remark,
            unchecked_targets(view, running_tasks(view)),
        ),
        draining=draining,
    )


def _waiting_for(track: Track, view: ServiceView, ours: EcsDeployment) -> str:
    """The condition that the rollout's success still waits for; empty if there is none."""
    if not runs_all_desired(view.service):
        return _rollout_state(track, view, ours)
    strategy = strategy_of(view.service)
    if waiting_for := strategy.waits_for(track, view):
        return strategy.state(track, view) or waiting_for
    if ecs_verdict.waits_for_ecs(track):
        return "waiting for ECS to call its deployment successful"
    if ours.rollout_state is None and ecs_verdict.rolls_back_to(track, view):
        return "waiting for ECS to complete its rollback to this deployment"
    if track.suspicion:
        return "some of its tasks failed: waiting whether the others stay healthy"
    if not (all_described(view) or _all_desired_described(view)):
        return "waiting for its tasks to be listed"
    tasks = running_tasks(view)
    if any(task.deployment_id not in (ours.started_by, None) for task in tasks):
        return "tasks of another deployment run"
    match compare(tasks, track.service.expected):
        case Match.WRONG:
            return "tasks with other digests still run"
        case Match.UNKNOWN:
            by_revision = compare_resolved(view.resolved or (), track.service.expected)
            return "" if by_revision is Match.RIGHT else _nothing_tells(track)
        case Match.RIGHT:
            return ""


def _all_desired_described(view: ServiceView) -> bool:
    """Whether a service that scales in was described with all tasks that are still desired."""
    return not in_steady_state(view.service) and len(running_tasks(view)) >= view.service.desired


def needs_health(track: Track, view: ServiceView) -> bool:
    """Whether success depends only on the health of the service's running tasks, or on its old tasks, too."""
    if view.tasks is None:
        return False
    steady = to_judge(track, view.service) is not None and runs_all_desired(view.service)
    return steady or may_be_left(track, view)


def _nothing_tells(track: Track) -> str:
    return f"nothing tells what {track.service.service_id} runs"


def _bake_time(track: Track, service: Service, *, comes_later: bool) -> str:
    """For which alarms ECS keeps the rollout open, or will; empty if it watches none."""
    if not service.alarms or not ecs_verdict.watches_alarms(track):
        return ""
    alarms = f"the alarm{'' if len(service.alarms) == 1 else 's'} {', '.join(service.alarms)}"
    return f"then ECS watches {alarms} for a bake time" if comes_later else f"baking: ECS watches {alarms}"


def _rollout_state(track: Track, view: ServiceView, ours: EcsDeployment) -> str:
    service = view.service
    draining = sum(deployment.running for deployment in service.deployments if deployment is not ours)
    starting = ours.running < service.desired
    if said := strategy_of(service).state(track, view):
        state = said
    elif track.ecs_rollback:
        state = "ECS rolls it back"
    elif starting:
        failures = ecs_verdict.breaker_count(track)
        failed = f", {failures or f'{ours.failed_tasks} failed'}" if failures or ours.failed_tasks else ""
        state = f"starting{failed}"
    else:
        old = f"{draining} old {'task' if draining == 1 else 'tasks'} still running" if draining else ""
        state = reasons(old, _bake_time(track, service, comes_later=bool(old))) or "settling"
    trouble = present_trouble(service, ours.id, ours.created_at, starting=starting)
    if starting and track.hindrance and (not trouble or concludes(trouble)):
        trouble = track.hindrance.removesuffix(".")
    if not starting and not trouble:
        trouble = _trouble_with_targets(view, ours)
    return f"{state}: {trouble}" if trouble else state


def _trouble_with_targets(view: ServiceView, ours: EcsDeployment) -> str:
    """Why load balancers don't find our new tasks healthy, in a poll that read that; empty if they do."""
    if view.tasks is None or not were_read(view):
        return ""
    new = [task for task in running_tasks(view) if belongs(task, ours)]
    return reasons(waits_for_health(view, new), unchecked_targets(view, new))
