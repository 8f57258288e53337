"""Suggests commands after a deployment that did not simply succeed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from weco_deploy.errors import Command
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Kind, ServiceStatus
from weco_deploy.model.requests import (
    DEFAULT_DESCRIPTION,
    DEFAULT_ROLLBACK_DESCRIPTION,
    ConfirmRequest,
    DeployRequest,
)
from weco_deploy.report.flags import flags_for_any, flags_for_this, flags_for_watching
from weco_deploy.report.untrusted import one_line

Request: TypeAlias = DeployRequest | ConfirmRequest | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command to copy, and when to run it. As a string: both, with a colon between."""

    when: str
    command: str

    def __str__(self) -> str:
        return f"{self.when}: {self.command}"


def next_steps(
    deployment: Deployment, options: Sequence[str] = (), request: Request = None
) -> tuple[NextStep, ...]:
    """What a person may do next; empty if nothing is left to do.

    `options` are the global options to repeat, say `("--project-id", "catalogue")`: without them a command
    would ask, or take another project file. `request` is the request of this run: without its flags a command
    would do something else. A ConfirmRequest knows no flags of the deployment besides those on record.
    """
    back = deployment.rollback
    if back and back.status is not DeploymentStatus.SUCCEEDED:
        return (
            NextStep(
                "what ran before is not back; see where it stands", _watch(deployment, options, request)
            ),
            NextStep("and try again", _again(back, options, _as_put_back(request))),
        )
    again, watch = _again(deployment, options, request), _watch(deployment, options, request)
    run_it_again = _run_it_again(request)
    match deployment.status:
        case DeploymentStatus.SUCCEEDED | DeploymentStatus.UNVERIFIED:
            return ()
        case DeploymentStatus.IN_PROGRESS:
            return (NextStep("watch it", watch),)
        case DeploymentStatus.TIMED_OUT:
            return (
                NextStep("the services may still get there; go on watching", watch),
                NextStep(f"or {run_it_again}", again),
                *_back(deployment, options, request),
            )
        case DeploymentStatus.INTERRUPTED:
            return (
                NextStep(run_it_again, again),
                NextStep("or only see where it stands", watch),
                *_back(deployment, options, request),
            )
        case DeploymentStatus.FAILED:
            return (
                NextStep("see where it stands now", watch),
                *_back(deployment, options, request),
                NextStep(f"once the cause is gone, {run_it_again}", again),
            )
        case DeploymentStatus.ROLLED_BACK:
            return (NextStep(f"once the cause is gone, {run_it_again}", again),)


def _run_it_again(request: Request) -> str:
    forced = isinstance(request, DeployRequest) and request.force_redeploy
    left = "all of it is redeployed" if forced else "what runs right is left alone"
    return f"run it again ({left})"


def _as_put_back(request: Request) -> Request:
    """The request of an automatic rollback: it allows missing services and has no other options."""
    if not isinstance(request, DeployRequest):
        return request
    return replace(request, allow_missing=True, force_redeploy=False, rollback_on_failure=False)


def _watch(deployment: Deployment, options: Sequence[str], request: Request) -> str:
    """The command that watches this deployment. It names the release only if the request did."""
    named = isinstance(request, ConfirmRequest) and request.release_id is not None
    release = ("--release-id", deployment.release_id) if named else ()
    how = flags_for_watching(request) if request else ()
    return command(*options, "confirm-deploy", *release, "--environment-id", deployment.environment, *how)


def _back(deployment: Deployment, options: Sequence[str], request: Request) -> tuple[NextStep, ...]:
    """How to go back, if tags were moved, or pointed already at an image that failed.

    `rollback` after a rollback would repeat it, so another release has to be named.
    """
    if deployment.kind is Kind.ROLLBACK:
        look = command(*options, "show-deployments", "--environment-id", deployment.environment)
        return (NextStep("or find another release for `rollback --to-release`", look),)
    failed = {
        image_id
        for service in deployment.services
        if service.status is ServiceStatus.FAILED
        for image_id in service.images
    }
    if not any(
        change.from_digest and (change.tag_moved or (change.applied and change.image_id in failed))
        for change in deployment.images.values()
    ):
        return ()
    how = flags_for_any(request) if isinstance(request, DeployRequest) else ()
    line = command(*options, "rollback", "--environment-id", deployment.environment, *how)
    return (NextStep("or go back to the last release that worked", line),)


def _again(deployment: Deployment, options: Sequence[str], request: Request) -> str:
    """The command that deploys the same release again.

    It names the release: `release-deploy` would make another one, and `promote` take what the other environment runs
    by then. The description and the reason for overriding a gate come from the record.
    """
    where = ("--environment-id", deployment.environment)
    how = (*flags_for_any(request), *flags_for_this(request)) if isinstance(request, DeployRequest) else ()
    override = ("--override-gate", deployment.gate_override) if deployment.gate_override else ()
    if deployment.kind is Kind.ROLLBACK:
        what = ("rollback", *where, "--to-release", deployment.release_id)
        usual = DEFAULT_ROLLBACK_DESCRIPTION
    else:
        what = ("deploy", "--release-id", deployment.release_id, *where)
        usual = DEFAULT_DESCRIPTION
    about = ("--description", deployment.description) if deployment.description != usual else ()
    return command(*options, *what, *about, *how, *override)


def command(*words: str) -> str:
    """A command line of this tool, quoted for a shell; `words` may hold anything."""
    return Command(*map(one_line, words)).line()
