"""Services that CodeDeploy deploys: a new task set (green) starts beside the old one, then traffic shifts to it.

Our deployment is CodeDeploy's, `d-…`, and its task set is PRIMARY only once all production traffic goes to it. Until then
nothing speaks against it as long as CodeDeploy has not decided.

| CodeDeploy's lifecycle event          | what is said                                            |
|---------------------------------------|---------------------------------------------------------|
| before Install                        | preparing green                                         |
| Install                               | as in a rolling update                                  |
| AfterInstall                          | green runs, without traffic                             |
| AllowTestTraffic, AfterAllowTestTraffic | test traffic on green                                 |
| none, and CodeDeploy is Ready         | waiting for somebody to reroute the traffic in CodeDeploy |
| BeforeAllowTraffic, AllowTraffic      | 10% of production traffic                               |
| AfterAllowTraffic                     | 100% of production traffic                              |
| all are over                          | 100% of production traffic, old tasks stop within 5 min |
"""

from __future__ import annotations

import math
from datetime import timedelta

from weco_deploy.model.service import Service, ServiceView
from weco_deploy.rules.rollout.ecs_verdict import has_succeeded
from weco_deploy.rules.rollout.track import Track

ALL = "100% of production traffic"


class ByCodeDeploy:
    """The controller CODE_DEPLOY. Only CodeDeploy's verdict tells where such a deployment is, and that it is over."""

    old_tasks_may_stay = False
    begins_beside = True

    def state(self, track: Track, view: ServiceView) -> str:
        verdict = track.verdict
        if verdict is None or has_succeeded(track):
            return ""
        lifecycle = verdict.lifecycle
        match lifecycle.stage:
            case "BeforeInstall":
                return "preparing green"
            case "AfterInstall":
                return "green runs, without traffic"
            case "AllowTestTraffic" | "AfterAllowTestTraffic":
                return "test traffic on green"
            case "Ready":
                return "waiting for somebody to reroute the traffic in CodeDeploy"
            case "BeforeAllowTraffic" | "AllowTraffic":
                return f"{lifecycle.production:g}% of production traffic"
            case "AfterAllowTraffic":
                return ALL
            case "TerminationWait":
                return f"{ALL}, old tasks stop{_within(track, view)}"
        return ""

    def waits_for(self, track: Track, view: ServiceView) -> str:  # noqa: ARG002 - the interface of all strategies
        if track.verdict is None:
            return "waiting for CodeDeploy's own verdict on its deployment, which can't be read"
        return "" if has_succeeded(track) else "waiting for CodeDeploy to call its deployment successful"

    def own_wait(self, service: Service) -> timedelta:
        return service.traffic_shift.longest


def _within(track: Track, view: ServiceView) -> str:
    since, now = track.phase_since, view.service.as_of
    bake = track.service.traffic_shift.bake
    if not bake or since is None or now is None:
        return ""
    minutes = math.ceil((bake - (now - since)).total_seconds() / 60)
    return f" within {max(1, minutes)} min"
