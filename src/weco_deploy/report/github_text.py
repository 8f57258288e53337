"""The text of `github`: whether GitHub is up to date with a deployment."""

from __future__ import annotations

from weco_deploy.model.deployment import Deployment
from weco_deploy.report.outcomes import verdict
from weco_deploy.report.page import BAD_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line


def github_text(deployment: Deployment, screen: Screen, *, written: bool, problem: str) -> str:
    """The deployment, and whether it was written."""
    page = Page(screen)
    page.line(verdict(deployment, screen.symbols))
    if problem:
        page.line(f"GitHub is not up to date: {one_line(problem)}", BAD_STYLE)
    else:
        page.line("GitHub is up to date" if written else "it would be written to GitHub")
    return page.text()
