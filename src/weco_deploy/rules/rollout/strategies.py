"""The kinds of ECS service that we can deploy and judge: a new strategy is a class and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from weco_deploy.model.service import Service
from weco_deploy.rules.rollout.rolling_update import RollingUpdate
from weco_deploy.rules.rollout.strategy import Strategy
from weco_deploy.rules.rollout.traffic_shifting import TrafficShifting

CONTROLLER = "ECS"
"""The only deployment controller whose deployments we can start and judge."""
INSTEAD = "let ECS deploy it (ROLLING, BLUE_GREEN, LINEAR or CANARY), or write `deployed_by: other` beside it in the project file"
"""What to do about a service of another kind."""
ROLLING = RollingUpdate()
STRATEGIES: Mapping[str, Strategy] = {
    "ROLLING": ROLLING,
    **dict.fromkeys(("BLUE_GREEN", "LINEAR", "CANARY"), TrafficShifting()),
}
"""By ECS's name."""


def strategy_of(service: Service) -> Strategy:
    """The service's strategy. One that is unknown is refused while planning; it is judged as ROLLING if it is changed later."""
    return STRATEGIES.get(service.strategy, ROLLING)


def unsupported(service: Service) -> str | None:
    """Why the service's rollouts can't be judged; None if they can."""
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
