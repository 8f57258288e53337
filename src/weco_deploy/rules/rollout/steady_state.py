"""Decides whether a service is in steady state: no rollout is in progress, and all desired tasks run."""

from __future__ import annotations

from weco_deploy.model.service import Service


def rollout_in_progress(service: Service) -> bool:
    """Whether a rollout is in progress: the primary deployment is not complete, or another deployment has tasks.

    Without a rollout state (Classic Load Balancer) the primary deployment is complete when no other has tasks.
    """
    primary = service.primary
    if primary is None or primary.rollout_state not in ("COMPLETED", None):
        return True
    others = [deployment for deployment in service.deployments if deployment is not primary]
    return any(deployment.running or deployment.pending for deployment in others)


def in_steady_state(service: Service) -> bool:
    """Whether no rollout is in progress and all desired tasks run. After a complete rollout, tasks may have crashed."""
    return not rollout_in_progress(service) and service.running == service.desired and service.pending == 0


def runs_all_desired(service: Service) -> bool:
    """Whether no rollout is in progress and all desired tasks run; more may run until those stop that are not desired any more.

    Scaling in takes as long as load balancers drain, and on EC2 instances ECS counts tasks as running meanwhile.
    """
    return in_steady_state(service) or _scales_in(service)


def _scales_in(service: Service) -> bool:
    primary = service.primary
    return (
        primary is not None
        and primary.rollout_state == "COMPLETED"
        and not rollout_in_progress(service)
        and service.pending == 0
        and primary.running == service.running > service.desired > 0
    )
