"""Finds the commits that wait too long to be promoted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.overdue import OverdueCommits
from weco_deploy.operations.changes import DEPLOYMENTS, images_of_environment
from weco_deploy.ports import Ports
from weco_deploy.rules import overdue as rules
from weco_deploy.rules.promotions import Route, promotions


def overdue_commits(ports: Ports, deployment: Deployment, *, newly: bool) -> tuple[OverdueCommits, ...]:
    """The commits that wait too long to be promoted from the environment of a deployment, by where they would go.

    It runs in the thread of a sink, so it makes one read after the other.

    Args:
        ports: the project's.
        deployment: the deployment that looks.
        newly: whether to leave out what was overdue already when the deployment before this one began, and looked.

    """
    limit = ports.project.overdue
    if limit is None:
        return ()
    routes = [route for route in promotions(ports.project) if route.source == deployment.environment]
    return tuple(
        found for route in routes for found in _overdue(ports, deployment, route, limit, newly=newly)
    )


def _overdue(
    ports: Ports, deployment: Deployment, route: Route, limit: timedelta, *, newly: bool
) -> Iterator[OverdueCommits]:
    history = ports.store.deployments([route.source], DEPLOYMENTS)
    then = rules.commits_at(history, ports.clock.utc() - limit)
    last = _last_look(history, deployment) if newly else None
    known = rules.commits_at(history, last - limit) if last else {}
    # What was applied, also if it failed or goes on: a commit that came later certainly does not run there.
    target, now = _applied(ports, route.target), _applied(ports, route.source)
    between = ports.history.between(rules.pairs(target, now, then, known))
    commits = rules.overdue(between, target, now, then, known)
    if commits:
        yield OverdueCommits(source=route.source, target=route.target, limit=limit, commits=commits)


def _last_look(history: tuple[Deployment, ...], deployment: Deployment) -> datetime | None:
    """When the deployment before this one began."""
    others = (it.date_created for it in history if it.deployment_id != deployment.deployment_id)
    return max((began for began in others if began < deployment.date_created), default=None)


def _applied(ports: Ports, environment_id: str) -> dict[str, str]:
    """The commits that were deployed to an environment last, by image id."""
    images = images_of_environment(ports, environment_id)
    return {
        image_id: applied.version.commit for image_id, applied in images.items() if applied.version.commit
    }
