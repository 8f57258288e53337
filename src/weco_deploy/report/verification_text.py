"""The results of an environment's checks, as `verify` shows them."""

from __future__ import annotations

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.rollout_check import CHECKS
from weco_deploy.report.page import BAD_STYLE, BOLD, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.step_lines import step_lines
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import listed, short_id


def verification_text(deployment: Deployment, screen: Screen) -> str:
    """The verdict first, then each check."""
    page = Page(screen)
    where = f"{one_line(deployment.environment)} with release {short_id(deployment.release_id)}"
    if failed := deployment.failed_checks:
        page.line(f"{screen.symbols.bad} {where}: {listed(failed)} did not succeed", BAD_STYLE)
    else:
        page.line(f"{screen.symbols.good} {where}: verified", BOLD)
    for step in deployment.steps:
        if step.kind == CHECKS:
            for line in step_lines(step, screen.symbols):
                page.line(line.text, indent=2 + line.indent)
    return page.text()
