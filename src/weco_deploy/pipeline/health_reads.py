"""Reads what tells whether running tasks are healthy, in a poll that may find the service successful.

Not every role may make these reads, so they are optional: without them, ECS's own verdict counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from weco_deploy.model.service import DefinedContainer, ServiceView
from weco_deploy.model.targets import Target
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.ports import Calls, ServiceRuntime
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout.health import definitions_to_read

HEALTH_CHECKS = "whether ECS checks the health of containers"
READ_AHEAD = 20
"""Task definitions that a poll reads before they are needed: as many as AWS allows in a second, the shortest time between polls."""
TARGETS = "the health of the services' targets behind their load balancers"


def health_checked(
    views: Iterable[ServiceView],
    others: Iterable[ServiceView],
    definitions: Definitions,
    optional: OptionalReads,
    calls: Calls,
) -> Mapping[str, frozenset[str]] | None:
    """The containers whose health ECS checks, by task definition, of the running tasks; None if that can't be read.

    Of `others`, which will need it later, only some are read.
    """
    names = {name for view in views for name in definitions_to_read(running_tasks(view))}
    later = {name for view in others for name in definitions_to_read(running_tasks(view))}
    ahead = definitions.unread(later - names)[: max(0, READ_AHEAD - len(definitions.unread(names)))]
    names |= {*ahead, *(later - {*definitions.unread(later)})}
    unread: Mapping[str, tuple[DefinedContainer, ...]] = {}
    read = optional.read(HEALTH_CHECKS, partial(definitions.read_all, names, calls), unread)
    if optional.given_up(HEALTH_CHECKS):
        return None
    return {
        name: frozenset(container.name for container in containers if container.health_checked)
        for name, containers in read.items()
    }


def targets(
    views: Iterable[ServiceView], runtime: ServiceRuntime, optional: OptionalReads, calls: Calls
) -> Mapping[str, tuple[Target, ...]] | None:
    """The targets in the target groups of the services, by ARN; None if they can't be read."""
    groups = sorted({group.arn for view in views for group in view.service.target_groups})
    unread: Mapping[str, tuple[Target, ...]] = {}
    read = optional.read(TARGETS, partial(_targets, groups, runtime, calls), unread)
    return None if optional.given_up(TARGETS) else read


def _targets(groups: list[str], runtime: ServiceRuntime, calls: Calls) -> Mapping[str, tuple[Target, ...]]:
    return dict(zip(groups, calls.read(partial(runtime.targets, group) for group in groups), strict=True))
