"""Begins a deployment of a service by CodeDeploy.

A deployment group deploys one revision at a time. A deployment of ours that has not ended is stopped and rolled back first, as ECS
supersedes one by another; somebody else's is left alone, and the service is not redeployed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from weco_deploy.errors import AwsError, Unreachable
from weco_deploy.model.code_deploy import ActiveDeployment, Revision
from weco_deploy.model.service import EcsDeployment, ServiceKey
from weco_deploy.pipeline.lost_answers import begun_after_all
from weco_deploy.ports import Clock, CodeDeploy

ATTEMPTS = 3
"""How often CreateDeployment is called if its answers are lost and CodeDeploy turns out not to have acted."""
STOP_SECONDS = 600.0
"""How long a deployment that was stopped, and its rollback, may take to end."""
SECONDS_BETWEEN_LOOKS = 5.0
OURS = "weco-deploy "
"""What the descriptions of our deployments begin with."""


def begin_deployment(
    service: ServiceKey,
    revision: Revision,
    deployment_id: str,
    code_deploy: CodeDeploy,
    allowed: Callable[[], None],
    clock: Clock,
) -> EcsDeployment:
    """Deploy the revision once, and return CodeDeploy's deployment.

    Args:
        service: the service, for messages.
        revision: what to deploy.
        deployment_id: the id of our own deployment. CodeDeploy's has it in its description, so that it is found after a lost answer.
        code_deploy: CodeDeploy.
        allowed: raises if there must be no further change. It is called before each.
        clock: waits.

    Raises:
        AwsError: CodeDeploy refuses it, or the group has somebody else's deployment that has not ended.

    """
    description, lost = f"{OURS}{deployment_id}", 0
    while True:
        allowed()
        try:
            made = code_deploy.create(revision, description)
        except Unreachable:
            lost += 1
            made = begun_after_all(partial(_made, revision, description, code_deploy), clock)
            if made is None and lost == ATTEMPTS:
                raise
            if made is None:
                continue
        if made is not None:
            return EcsDeployment(id=made, status="ACTIVE", rollout_state=None, created_at=clock.utc())
        _end_active(service, revision, code_deploy, allowed, clock)


def _made(revision: Revision, description: str, code_deploy: CodeDeploy) -> str | None:
    """The id of the deployment whose answer was lost; None if CodeDeploy does not have it in progress."""
    active = code_deploy.active(revision.group)
    return next((found.id for found in active if found.description == description), None)


def _end_active(
    service: ServiceKey,
    revision: Revision,
    code_deploy: CodeDeploy,
    allowed: Callable[[], None],
    clock: Clock,
) -> None:
    """Stop the deployment of ours that keeps the group busy, and wait until nothing does."""
    stopped: set[str] = set()
    waited = 0.0
    while found := code_deploy.active(revision.group):
        for active in found:
            if active.id in stopped or active.rolls_back:
                continue
            if not _is_ours(active):
                raise AwsError(
                    "codedeploy:CreateDeployment",
                    f"{service}: the deployment group {revision.group} is busy with {active.id}, which weco-deploy did not make",
                    "wait until it has ended, or stop it, then run it again",
                )
            allowed()
            code_deploy.stop(active.id)
            stopped.add(active.id)
        if waited >= STOP_SECONDS:
            busy = ", ".join(active.id for active in found)
            raise AwsError(
                "codedeploy:CreateDeployment",
                f"{service}: the deployment group {revision.group} is still busy with {busy}, {waited:g} s after it was stopped",
                "run it again once CodeDeploy has ended it",
            )
        clock.wait(SECONDS_BETWEEN_LOOKS)
        waited += SECONDS_BETWEEN_LOOKS
        allowed()


def _is_ours(active: ActiveDeployment) -> bool:
    return active.description.startswith(OURS)
