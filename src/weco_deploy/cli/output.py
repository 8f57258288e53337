"""Results to stdout: one JSON document, or text for the terminal, file or pipe that stdout is."""

from __future__ import annotations

import sys
from collections.abc import Callable

from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.streams import write_result
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.report.documents import Document, json_text
from weco_deploy.report.screen import Screen

DONE = 0
FAILED = 1
CHANGES = 2
NOT_DONE_YET = 3
INTERRUPTED = 130

_EXIT_CODES = {
    DeploymentStatus.SUCCEEDED: DONE,
    DeploymentStatus.FAILED: FAILED,
    DeploymentStatus.ROLLED_BACK: FAILED,
    DeploymentStatus.UNVERIFIED: FAILED,
    DeploymentStatus.TIMED_OUT: NOT_DONE_YET,
    DeploymentStatus.IN_PROGRESS: NOT_DONE_YET,
    DeploymentStatus.INTERRUPTED: INTERRUPTED,
}


def answer(settings: Settings, document: Callable[[], Document], text: Callable[[Screen], str]) -> None:
    """Write the result as it was asked for. Only text needs rich: `text` imports what makes it."""
    write_result(json_text(document()) if settings.json else text(Screen.of(sys.stdout)))


def exit_code(deployment: Deployment) -> int:
    """What a deployment's status is to a script: only `succeeded` is 0."""
    return _EXIT_CODES[deployment.status]
