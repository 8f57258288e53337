"""Plans, and plans again with what only some plans need: the health of services that the first plan leaves alone, how
services resolve their tags if tasks run before they restart, and what ECS can roll back itself.
"""

from __future__ import annotations

from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Plan, Snapshot
from weco_deploy.model.project import Environment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.pipeline.before_tasks import with_pinning, with_tasks
from weco_deploy.pipeline.ecs_rollbacks import with_rollouts
from weco_deploy.pipeline.left_alone import with_health
from weco_deploy.ports import Ports
from weco_deploy.rules import planning
from weco_deploy.rules.before_tasks import wanted_tasks


def planned_with_health(
    environment: Environment, request: DeployRequest, observed: Snapshot, ports: Ports
) -> Plan:
    """The plan. The health of tasks is only read of services that would be left alone, because all others are watched."""
    observed = with_tasks(observed, environment, wanted_tasks(environment, request.kind), ports)
    planned = planning.plan(ports.project, request, observed)
    found = with_health(observed, planned, environment, ports)
    if request.kind is Kind.ROLLBACK and not request.force_redeploy:
        found = with_rollouts(found, planned, environment, ports)
    if planned.tasks:
        found = with_pinning(found, planned, environment, ports)
    return planned if found is observed else planning.plan(ports.project, request, found)
