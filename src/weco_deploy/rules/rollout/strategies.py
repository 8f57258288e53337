"""The kinds of ECS service that we can deploy and judge: a new strategy is a class and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from weco_deploy.model.code_deploy import CODE_DEPLOY, DeploymentGroup, GroupSettings
from weco_deploy.model.service import Service
from weco_deploy.rules.rollout.code_deploy import ByCodeDeploy
from weco_deploy.rules.rollout.rolling_update import RollingUpdate
from weco_deploy.rules.rollout.strategy import Strategy
from weco_deploy.rules.rollout.traffic_shifting import TrafficShifting

CONTROLLER = "ECS"
"""The deployment controller whose deployments we can start and judge without more settings."""
INSTEAD = (
    "let ECS deploy it (ROLLING, BLUE_GREEN, LINEAR or CANARY), name CodeDeploy's deployment group (`code_deploy`), "
    "or write `deployed_by: other` beside it in the project file"
)
"""What to do about a service of another kind."""
ROLLING = RollingUpdate()
BY_CODE_DEPLOY = ByCodeDeploy()
STRATEGIES: Mapping[str, Strategy] = {
    "ROLLING": ROLLING,
    **dict.fromkeys(("BLUE_GREEN", "LINEAR", "CANARY"), TrafficShifting()),
}
"""By ECS's name."""


def strategy_of(service: Service) -> Strategy:
    """The service's strategy. One that is unknown is refused while planning; it is judged as ROLLING if it is changed later."""
    if service.controller == CODE_DEPLOY:
        return BY_CODE_DEPLOY
    return STRATEGIES.get(service.strategy, ROLLING)


def unsupported(
    service: Service, group: DeploymentGroup | None = None, settings: GroupSettings | str | None = None
) -> str | None:
    """Why the service can't be redeployed, or its rollouts not judged; None if they can.

    Args:
        service: the service.
        group: the deployment group that the project file names for it; None if it names none.
        settings: the group's settings, or a text that says why they can't be read; None if they were not read.

    """
    if group is not None:
        return _unsupported_group(service, group, settings)
    if service.controller != CONTROLLER:
        return (
            f"{service.key} is deployed by the {service.controller} controller; "
            "weco-deploy can redeploy and judge deployments by ECS only"
        )
    if service.strategy not in STRATEGIES:
        return (
            f"{service.key} uses the {service.strategy} deployment strategy; "
            f"weco-deploy can judge {', '.join(STRATEGIES)} only"
        )
    return None


def _unsupported_group(
    service: Service, group: DeploymentGroup, settings: GroupSettings | str | None
) -> str | None:
    if service.controller != CODE_DEPLOY:
        return (
            f"{service.key} has code_deploy in the project file, but is deployed by the "
            f"{service.controller} controller"
        )
    if isinstance(settings, str):
        return f"{service.key}: the deployment group {group} of CodeDeploy can't be used: {settings}"
    if settings is not None and f"{service.key.cluster_name}/{service.key.name}" not in settings.services:
        named = ", ".join(settings.services) or "no service"
        return f"{service.key}: the deployment group {group} of CodeDeploy is for {named}"
    if service.traffic_to is None or service.primary is None:
        return f"{service.key} has no task set behind a load balancer, which CodeDeploy needs"
    return None
