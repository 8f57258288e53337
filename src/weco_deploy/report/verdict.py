"""A deployment's verdict in a sentence."""

from __future__ import annotations

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.report.screen import Symbols
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import duration, short_id

_VERDICTS = {
    DeploymentStatus.IN_PROGRESS: "is still in progress",
    DeploymentStatus.SUCCEEDED: "succeeded",
    DeploymentStatus.FAILED: "failed",
    DeploymentStatus.TIMED_OUT: "ran out of waiting time",
    DeploymentStatus.INTERRUPTED: "was interrupted",
    DeploymentStatus.ROLLED_BACK: "failed and was rolled back",
    DeploymentStatus.UNVERIFIED: "was recorded without a verdict",
}


def verdict(deployment: Deployment, symbols: Symbols) -> str:
    """`✗ Release 8f14e45f to prod failed after 3 min 12 s`."""
    release, environment = short_id(deployment.release_id), one_line(deployment.environment)
    said = f"{_mark(deployment.status, symbols)} Release {release} to {environment} {_VERDICTS[deployment.status]}"
    if deployment.date_finished is None:
        return said
    return f"{said} after {duration(deployment.date_finished - deployment.date_created)}"


def _mark(status: DeploymentStatus, symbols: Symbols) -> str:
    match status:
        case DeploymentStatus.SUCCEEDED:
            return symbols.good
        case DeploymentStatus.IN_PROGRESS:
            return symbols.moving
        case DeploymentStatus.UNVERIFIED:
            return symbols.quiet
        case _:
            return symbols.bad
