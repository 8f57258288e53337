"""What to do after a deployment that is not simply done."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from weco_deploy.model.deployment import Deployment, DeploymentStatus
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
        return (NextStep("what ran before is not back; try again", _deploy(back, options)),)
    match deployment.status:
        case DeploymentStatus.SUCCEEDED | DeploymentStatus.UNVERIFIED:
            return ()
        case DeploymentStatus.IN_PROGRESS:
            return (NextStep("watch it", _watch(deployment, options)),)
        case DeploymentStatus.TIMED_OUT:
            return (
                NextStep("the services may still get there; go on watching", _watch(deployment, options)),
                NextStep(f"or {_AGAIN}", _deploy(deployment, options)),
            )
        case DeploymentStatus.INTERRUPTED:
            return (
                NextStep(_AGAIN, _deploy(deployment, options)),
                NextStep("or only see where it stands", _watch(deployment, options)),
            )
        case DeploymentStatus.FAILED | DeploymentStatus.ROLLED_BACK:
            return (NextStep(f"once the cause is gone, {_AGAIN}", _deploy(deployment, options)),)


def _watch(deployment: Deployment, options: Sequence[str]) -> str:
    return _command(*options, "confirm-deploy", "--environment-id", deployment.environment)


def _deploy(deployment: Deployment, options: Sequence[str]) -> str:
    release = ("--release-id", deployment.release_id)
    return _command(*options, "deploy", *release, "--environment-id", deployment.environment)


def _command(*words: str) -> str:
    return shlex.join(["weco-deploy", *map(one_line, words)])
