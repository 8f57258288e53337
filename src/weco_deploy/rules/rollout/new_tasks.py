"""Whether all new tasks run well, though the rollout is not complete: then nothing speaks against the image.

Old tasks may be protected from scale-in or drain slowly, and alarms may have a bake time. A waiting time that ends meanwhile is no
reason to take the release back.
"""

from __future__ import annotations

from weco_deploy.model.service import EcsDeployment, ServiceView
from weco_deploy.rules.digests import Match, compare, running_tasks
from weco_deploy.rules.rollout.health import is_unhealthy
from weco_deploy.rules.rollout.identity import belongs
from weco_deploy.rules.rollout.stability import last_failure, seconds_until_stable
from weco_deploy.rules.rollout.track import Track


def all_new_tasks_run(track: Track, view: ServiceView, ours: EcsDeployment) -> bool:
    """Whether as many tasks of ours as desired have been running for long enough, none unhealthy, with the right digests."""
    new = [task for task in running_tasks(view) if belongs(task, ours) and not is_unhealthy(view, task)]
    return (
        len(new) >= view.service.desired > 0
        and not track.suspicion
        and compare(new, track.service.expected) is Match.RIGHT
        and not seconds_until_stable(view, new, track.stable_for, last_failure(track))
    )
