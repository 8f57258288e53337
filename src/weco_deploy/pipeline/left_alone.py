"""Reads the health of targets behind load balancers for services that a plan leaves alone.

Nobody watches these services, so the plan itself has to find out that they don't serve, although their tasks run the release.
"""

from __future__ import annotations

from dataclasses import replace

from weco_deploy.model.plan import Action, Plan, Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.pipeline.health_reads import targets
from weco_deploy.pipeline.optional_reads import OptionalReads
from weco_deploy.ports import Ports
from weco_deploy.rules.digests import running_tasks


def with_targets(observed: Snapshot, planned: Plan, environment: Environment, ports: Ports) -> Snapshot:
    """The snapshot, with the targets of the services that the plan leaves alone; unchanged if none of them has any.

    If they can't be read, the snapshot's notes say so.
    """
    views = [
        view
        for service in planned.services
        if service.action is Action.LEAVE
        for view in observed.services[service.service_id]
        if view.service.target_groups and running_tasks(view)
    ]
    if not views:
        return observed
    notes: list[str] = []
    found = targets(views, ports.runtime(environment), OptionalReads(notes.append), ports.calls)
    asked = {view.service.key for view in views}
    services = {
        service_id: tuple(
            replace(view, targets=found) if view.service.key in asked else view for view in same_tags
        )
        for service_id, same_tags in observed.services.items()
    }
    return replace(observed, services=services, notes=(*observed.notes, *notes))
