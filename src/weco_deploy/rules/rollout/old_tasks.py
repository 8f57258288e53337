"""Decides when old tasks may go on running beside a release that has succeeded.

All new tasks must run, healthy and with the right digests. Then the service has succeeded if ECS lets the rest run:

| the old tasks that are left                               | the service                                      |
|-----------------------------------------------------------|--------------------------------------------------|
| are all protected from scale-in                           | has succeeded, though ECS's rollout stays open    |
| ECS removes after its early success (DEFERRED clean-up)   | has succeeded, once ECS's rollout is complete     |
| drain                                                     | is waited for                                    |

An environment with `old_tasks: wait` waits for all of them, and so does a service whose traffic shifts.
"""

from __future__ import annotations

from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.service import EcsDeployment, Service, ServiceView, Task
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout import ecs_verdict
from weco_deploy.rules.rollout.health import waits_for_health
from weco_deploy.rules.rollout.identity import belongs, to_judge
from weco_deploy.rules.rollout.new_tasks import all_new_tasks_run, seconds_until_new_tasks_run
from weco_deploy.rules.rollout.strategies import strategy_of
from weco_deploy.rules.rollout.track import Track


def may_be_left(track: Track, view: ServiceView) -> bool:
    """Whether old tasks run beside our new ones, and success may depend on why they do."""
    ours = to_judge(track, view.service)
    return ours is not None and _old_ones_run(track, view, ours) and all_new_tasks_run(track, view, ours)


def seconds_until_left(track: Track, view: ServiceView, ours: EcsDeployment) -> float:
    """How long only the new tasks' age is missing until the old ones may be left running; 0 if something else is missing.

    Whether the old tasks are protected is only read then, so they may turn out to be waited for.
    """
    return (
        (seconds_until_new_tasks_run(track, view, ours) or 0.0) if _old_ones_run(track, view, ours) else 0.0
    )


def _old_ones_run(track: Track, view: ServiceView, ours: EcsDeployment) -> bool:
    may_stay = track.leave_old_tasks and strategy_of(view.service).old_tasks_may_stay
    return may_stay and _old_count(view.service, ours) > 0


def tasks_to_ask_about(track: Track, view: ServiceView) -> tuple[str, ...]:
    """The ARNs of the old tasks that ECS has not told to stop, if it matters whether they are protected."""
    ours = to_judge(track, view.service)
    if ours is None or not may_be_left(track, view):
        return ()
    return tuple(task.arn for task in view.tasks or () if not belongs(task, ours))


def left_running(track: Track, view: ServiceView, ours: EcsDeployment) -> tuple[DrainingTask, ...] | None:
    """The old tasks that keep running beside new ones that run well; None if they are waited for, or new ones are.

    The service has succeeded then, if the new tasks are known to have the release's digests.
    """
    new = [task for task in running_tasks(view) if belongs(task, ours)]
    if not may_be_left(track, view) or len(new) != ours.running or waits_for_health(view, new):
        return None
    old = [
        _draining(task, view)
        for task in (*(view.tasks or ()), *(view.stopped or ()))
        if task.status != "STOPPED" and not belongs(task, ours)
    ]
    old.sort(key=lambda task: (task.until is None, task.until), reverse=True)
    if _removed_later(track, view.service, ours):
        return tuple(old)
    protected = all(task.why is StaysBecause.SCALE_IN_PROTECTION for task in old)
    return tuple(old) if protected and len(old) == _old_count(view.service, ours) else None


def _old_count(service: Service, ours: EcsDeployment) -> int:
    return sum(
        deployment.running + deployment.pending
        for deployment in service.deployments
        if deployment is not ours
    )


def _removed_later(track: Track, service: Service, ours: EcsDeployment) -> bool:
    """Whether ECS calls the rollout complete, and removes the old tasks afterwards by its configuration."""
    return (
        service.removes_old_tasks_later
        and ours.rollout_state == "COMPLETED"
        and not ecs_verdict.waits_for_ecs(track)
    )


def _draining(task: Task, view: ServiceView) -> DrainingTask:
    if task.arn in view.protected:
        return DrainingTask(task.id, view.protected[task.arn], StaysBecause.SCALE_IN_PROTECTION)
    return DrainingTask(task.id, None, StaysBecause.EARLY_SUCCESS)
