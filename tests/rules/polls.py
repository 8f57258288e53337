"""Polls of search-api, and the tracks that they lead to."""

from __future__ import annotations

from tests.rules.states import (
    BEFORE,
    LATER,
    OLD,
    OTHER,
    OURS,
    active,
    primary,
    resolving,
    service,
    task,
    track,
    up,
    view,
)
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import Service, ServiceView, Task
from weco_deploy.rules.rollout.rolling import advance
from weco_deploy.rules.rollout.track import Track

DONE = primary(completed=True)
TWO = (task("t1"), task("t2"))
STARTING = view(service(desired=2, deployments=[primary()]))
"""Our deployment has begun; its tasks were not read."""
OLD_ANSWER = up(OLD, OLD, of=BEFORE)
"""The service in steady state before our deployment: what a read may still answer for a while."""


def after(*views: ServiceView | None, start: Track | None = None) -> Track:
    """The track of search-api after these polls."""
    now = start or track()
    for polled in views:
        now = advance(now, polled)
    return now


def judged(*views: ServiceView | None, start: Track | None = None) -> ServiceStatus:
    return after(*views, start=start).status


def rolled(*tasks: Task, observed: Service | None = None) -> ServiceView:
    """A completed deployment of ours with two running tasks, of which these were described."""
    return view(observed or service(running=2, deployments=[DONE]), tasks)


def overtaken(
    *,
    ours_listed: bool = True,
    reason: str = "",
    events: tuple[str, ...] = (),
    resolved: str | None = OTHER,
) -> ServiceView:
    """A later deployment is primary. It resolved the image to this digest, by default another than the release's."""
    rest = [active(OURS, state="IN_PROGRESS", running=1)] if ours_listed else []
    return view(
        service(
            desired=2, running=1, deployments=[primary(LATER, reason=reason, running=0), *rest], events=events
        ),
        resolved=[resolving(resolved)],
    )
