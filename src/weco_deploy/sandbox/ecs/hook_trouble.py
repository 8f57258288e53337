"""Troubles with lifecycle hooks: hooks that the owner of a service adds, and how their Lambda functions answer.

A deployment keeps the hooks that its service had when it began, so a new hook concerns later deployments.
"""

from __future__ import annotations

from weco_deploy.sandbox.ecs.native import LAMBDA, PAUSE, continue_deployment
from weco_deploy.sandbox.ecs.region import Region
from weco_deploy.sandbox.ecs.service_state import Service
from weco_deploy.sandbox.ecs.state import Json

ANSWERS = {"hook-fails": "FAILED", "hook-hangs": "IN_PROGRESS"}
LASTING = ("pause", *ANSWERS)
STAGE = "POST_TEST_TRAFFIC_SHIFT"
"""Where the hooks are that are added: after the test traffic, before production traffic."""
MINUTES = 60


def begin(service: Service, kind: str) -> None:
    """Let a hook pause the service's deployments, or answer so."""
    configured = service.configuration.get("lifecycleHooks", ())
    wanted = LAMBDA if kind in ANSWERS else PAUSE
    if not any(hook.get("targetType", LAMBDA) == wanted for hook in configured):
        hook = _function(service) if kind in ANSWERS else _pause()
        service.trouble.added_hooks.append(hook)
        _set_hooks(service, [*configured, hook])
    if kind in ANSWERS:
        service.trouble.hook_answers = ANSWERS[kind]


def end(service: Service) -> None:
    """Take away the hooks that were added."""
    added = service.trouble.added_hooks
    if added:
        configured = service.configuration.get("lifecycleHooks", ())
        _set_hooks(service, [hook for hook in configured if hook not in added])


def act_on_pause(region: Region, service: Service, action: str) -> None:
    """CONTINUE or ROLLBACK the current deployment if a hook pauses it."""
    record = service.service_deployments[0]
    for run in record.progress.runs if record.progress is not None else ():
        if run.kind == PAUSE and run.pending:
            continue_deployment(region, service, record, run.id, action)


def _set_hooks(service: Service, hooks: list[Json]) -> None:
    # A new object: deployments under way keep theirs.
    configuration = service.configuration | {"lifecycleHooks": hooks}
    service.request = service.request | {"deploymentConfiguration": configuration}


def _pause() -> Json:
    return _hook(PAUSE)


def _function(service: Service) -> Json:
    region, account = service.arn.split(":")[3:5]
    return _hook(LAMBDA) | {
        "hookTargetArn": f"arn:aws:lambda:{region}:{account}:function:{service.name}-check",
        "roleArn": f"arn:aws:iam::{account}:role/{service.name}-hooks",
    }


def _hook(kind: str) -> Json:
    timeout = {"timeoutInMinutes": MINUTES, "action": "ROLLBACK"}
    return {"targetType": kind, "lifecycleStages": [STAGE], "timeoutConfiguration": timeout}
