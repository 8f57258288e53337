from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.report.screen import Screen


@click.command("show-releases", cls=Command, short_help="List the newest releases.")
@options.limit
@click.pass_obj
def show_releases(invocation: Invocation, *, limit: int) -> None:
    """List the newest releases and where they were deployed."""
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations import history
    from weco_deploy.report.documents import releases_document

    context = ProjectContext(invocation, "show-releases")
    releases = history.releases(context.ports, limit)

    def text(screen: Screen) -> str:
        from weco_deploy.report.history_text import releases_text

        unsuccessful = history.unsuccessful(context.ports, releases)
        return releases_text(releases, screen, context.ports.clock.utc(), context.options_shown, unsuccessful)

    print_result(context.settings, lambda: releases_document(releases), text)
