"""What to do after a deployment that is not simply done."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from weco_deploy.model.deployment import Deployment, DeploymentStatus, Kind
from weco_deploy.report.untrusted import one_line

_AGAIN = "run it again (what runs right is left alone)"


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command to copy, and when to run it. As a string: both, with a colon between."""

    when: str
    command: str

    def __str__(self) -> str:
        return f"{self.when}: {self.command}"


def next_steps(deployment: Deployment, options: Sequence[str] = ()) -> tuple[NextStep, ...]:
    """What one may do next; nothing where nothing is left to do.

    `options` are the global options to repeat, say `("--project-id", "catalogue")`: without them the
    command would ask, or take another project file.
    """
    back = deployment.rollback
    if back and back.status is not DeploymentStatus.SUCCEEDED:
        return (
            NextStep("what ran before is not back; see where it stands", _watch(deployment, options)),
            NextStep("and try again", _again(back, options)),
        )
    again, watch = _again(deployment, options), _watch(deployment, options)
    match deployment.status:
        case DeploymentStatus.SUCCEEDED | DeploymentStatus.UNVERIFIED:
            return ()
        case DeploymentStatus.IN_PROGRESS:
            return (NextStep("watch it", watch),)
        case DeploymentStatus.TIMED_OUT:
            return (
                NextStep("the services may still get there; go on watching", watch),
                NextStep(f"or {_AGAIN}", again),
                *_back(deployment, options),
            )
        case DeploymentStatus.INTERRUPTED:
            return (
                NextStep(_AGAIN, again),
                NextStep("or only see where it stands", watch),
                *_back(deployment, options),
            )
        case DeploymentStatus.FAILED:
            return (
                NextStep("see where it stands now", watch),
                *_back(deployment, options),
                NextStep(f"once the cause is gone, {_AGAIN}", again),
            )
        case DeploymentStatus.ROLLED_BACK:
            return (NextStep(f"once the cause is gone, {_AGAIN}", again),)


def _watch(deployment: Deployment, options: Sequence[str]) -> str:
    return command(*options, "confirm-deploy", "--environment-id", deployment.environment)


def _back(deployment: Deployment, options: Sequence[str]) -> tuple[NextStep, ...]:
    """How to go back, where tags have moved away from something.

    After a rollback the same words would be that one again, so that another release has to be named.
    """
    if deployment.kind is Kind.ROLLBACK:
        look = command(*options, "show-deployments", "--environment-id", deployment.environment)
        return (NextStep("or find another release for `rollback --to-release`", look),)
    if not any(change.tag_moved and change.from_digest for change in deployment.images.values()):
        return ()
    line = command(*options, "rollback", "--environment-id", deployment.environment)
    return (NextStep("or go back to the last release that worked", line),)


def _again(deployment: Deployment, options: Sequence[str]) -> str:
    """The command that does the same once more: its gates open as they did."""
    where = ("--environment-id", deployment.environment)
    override = ("--override-gate", deployment.gate_override) if deployment.gate_override else ()
    if deployment.kind is Kind.ROLLBACK:
        return command(*options, "rollback", *where, "--to-release", deployment.release_id, *override)
    return command(*options, "deploy", "--release-id", deployment.release_id, *where, *override)


def command(*words: str) -> str:
    """A command line of this tool, quoted for a shell; `words` may hold anything."""
    return shlex.join(["weco-deploy", *map(one_line, words)])
