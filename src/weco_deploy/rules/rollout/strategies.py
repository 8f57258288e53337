"""The kinds of ECS service that we can deploy and judge."""

from __future__ import annotations

from weco_deploy.model.service import Service

JUDGED = frozenset({("ECS", "ROLLING")})
"""Pairs of deployment controller and strategy. `rolling.py` judges ROLLING."""


def unsupported(service: Service) -> str | None:
    """Why the service's rollouts can't be judged; None if they can."""
    if (service.controller, service.strategy) in JUDGED:
        return None
    if service.controller not in {controller for controller, _ in JUDGED}:
        return (
            f"{service.key} is deployed by the {service.controller} controller; "
            "weco-deploy can redeploy and judge rolling (ECS) deployments only"
        )
    return (
        f"{service.key} uses the {service.strategy} deployment strategy; weco-deploy can judge ROLLING only"
    )
