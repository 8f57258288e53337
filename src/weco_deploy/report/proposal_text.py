"""The text for a project that `init` found."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.inventory import Proposal, Unplaced
from weco_deploy.model.project import Project
from weco_deploy.report.page import BOLD, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Column
from weco_deploy.report.wording import count

SHOWN = 20
"""How many of the things that were left out are shown. JSON has all."""


def proposal_text(
    project: Project, proposal: Proposal, screen: Screen, path: str, commands: Sequence[str]
) -> str:
    """What was written, what was left out, and what to do next."""
    page = Page(screen)
    page.line(f"{path} is written: project {project.id}", BOLD)
    page.line(
        f"{', '.join(environment.id for environment in project.environments)}: "
        f"{count(len(project.images), 'image')}, {count(len(project.services), 'service')}",
        indent=2,
    )
    if project.optional_services:
        page.line(
            "optional, because not every environment has them: "
            + ", ".join(sorted(project.optional_services)),
            indent=2,
        )
    add_left_out(page, proposal.unplaced)
    page.line()
    page.line("Next:", BOLD)
    for command in commands:
        page.unwrapped(command, indent=2)
    return page.text()


def left_out_text(unplaced: Sequence[Unplaced], screen: Screen) -> str:
    page = Page(screen)
    add_left_out(page, unplaced)
    return page.text()


def add_left_out(page: Page, unplaced: Sequence[Unplaced]) -> None:
    """What is not in the file, and why."""
    if not unplaced:
        return
    page.line()
    page.line("Not in the file:", BOLD)
    rows = [(item.name, item.why) for item in unplaced[:SHOWN]]
    page.table([Column("service or image"), Column("why", least=30, prose=True, below=True)], rows)
    if len(unplaced) > SHOWN:
        page.line(f"… and {len(unplaced) - SHOWN} more; --output json lists all", indent=2)
