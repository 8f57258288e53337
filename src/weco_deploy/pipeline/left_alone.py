"""Reads the health of tasks of services that a plan leaves alone: their targets, and health checks of young tasks.

Nobody watches these services, so the plan itself has to find out that they don't serve, although their tasks run the release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from weco_deploy.model.plan import Action, Plan, Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.service import ServiceKey, ServiceView
from weco_deploy.pipeline.definitions import Definitions
from weco_deploy.pipeline.health_reads import health_checked, targets
from weco_deploy.pipeline.hosts import Hosts
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.ports import Ports
from weco_deploy.rules.digests import running_tasks
from weco_deploy.rules.rollout.health import may_have_pending_checks


def with_health(observed: Snapshot, planned: Plan, environment: Environment, ports: Ports) -> Snapshot:
    """The snapshot, with the health of the services that the plan leaves alone; unchanged if there is nothing to read.

    Task definitions are read only of services with young tasks: the health of older ones would be known. What can't be read is
    said in the snapshot's notes.
    """
    left_alone = [
        view
        for service in planned.services
        if service.action is Action.LEAVE
        for view in observed.services[service.service_id]
    ]
    balanced = [view for view in left_alone if view.service.target_groups and running_tasks(view)]
    young = [view for view in left_alone if may_have_pending_checks(view)]
    if not balanced and not young:
        return observed
    notes: list[str] = []
    runtime, optional = ports.runtime(environment), OptionalReads(notes.append)
    found = targets(balanced, runtime, optional, ports.calls) if balanced else None
    hosts = Hosts(runtime, optional).of(balanced, ports.calls)
    checked = health_checked(young, (), Definitions(runtime), optional, ports.calls) if young else None
    with_targets, with_checks = _keys(balanced), _keys(young)

    def with_answers(view: ServiceView) -> ServiceView:
        key = view.service.key
        view = replace(view, targets=found, hosts=hosts) if key in with_targets else view
        return replace(view, health_checked=checked) if key in with_checks else view

    services = {
        service_id: tuple(map(with_answers, same_tags)) for service_id, same_tags in observed.services.items()
    }
    return replace(observed, services=services, notes=(*observed.notes, *notes))


def _keys(views: Iterable[ServiceView]) -> frozenset[ServiceKey]:
    return frozenset(view.service.key for view in views)
