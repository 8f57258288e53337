"""Whether all new tasks run, though the rollout is not complete: for a success, or so that nothing speaks against the image.

Old tasks may be protected from scale-in or drain slowly, and alarms may have a bake time. A waiting time that ends meanwhile is no
reason to take the release back.
"""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.service import EcsDeployment, ServiceView, Task
from weco_deploy.rules.digests import Match, compare, running_tasks
from weco_deploy.rules.rollout.health import is_unhealthy
from weco_deploy.rules.rollout.identity import belongs
from weco_deploy.rules.rollout.stability import last_failure, seconds_until_stable
from weco_deploy.rules.rollout.track import Track


def all_new_tasks_run(track: Track, view: ServiceView, ours: EcsDeployment) -> bool:
    """Whether as many tasks of ours as desired have been running for long enough, none unhealthy, with the right digests."""
    new = _healthy_new_tasks(view, ours)
    return (
        _are_enough(track, view, new)
        and compare(new, track.service.expected) is Match.RIGHT
        and not seconds_until_stable(view, new, track.stable_for, last_failure(track))
    )


def nothing_speaks_against_the_image(track: Track, view: ServiceView, ours: EcsDeployment) -> bool:
    """Whether as many tasks of ours as desired run, and none of them has failed lately or runs another digest.

    That they have not run for long, or don't tell their digests, is no success, but no fault of the image either.
    """
    new, failed_at = _healthy_new_tasks(view, ours), last_failure(track)
    return (
        _are_enough(track, view, new)
        and compare(new, track.service.expected) is not Match.WRONG
        and (failed_at is None or not seconds_until_stable(view, new, track.stable_for, failed_at))
    )


def _healthy_new_tasks(view: ServiceView, ours: EcsDeployment) -> list[Task]:
    return [task for task in running_tasks(view) if belongs(task, ours) and not is_unhealthy(view, task)]


def _are_enough(track: Track, view: ServiceView, new: Sequence[Task]) -> bool:
    return len(new) >= view.service.desired > 0 and not track.suspicion
