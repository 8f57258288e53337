from __future__ import annotations

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("board", cls=Command, short_help="Write web pages that show all of it.")
@click.option(
    "--out",
    "directory",
    envvar="WECO_DEPLOY_OUT",
    type=options.Text(),
    required=True,
    metavar="DIR",
    help="The directory to write to. It is made if it does not exist.",
)
@click.pass_obj
def board(invocation: Invocation, *, directory: str) -> int:
    """Write web pages that show all of it: what runs in each environment, what waits to be promoted, the last deployments.

    The pages make no requests, so they can be opened from the directory, or served from anywhere. It needs the extra: pip
    install "weco-deploy[board]".
    """
    from pathlib import Path

    from weco_deploy.cli import watching
    from weco_deploy.cli.board_pages import pages_of
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.local.site_files import write_site
    from weco_deploy.operations.board import board as observe
    from weco_deploy.report.board_result import board_document, board_text

    context = ProjectContext(invocation, "board")
    render = pages_of(context.options)
    found = observe(context.ports)
    pages = render(found)
    dry_run = context.settings.dry_run
    if not dry_run:
        write_site(Path(directory), pages)

    print_result(
        context.settings,
        lambda: board_document(found.project_id, directory, pages, dry_run=dry_run),
        lambda screen: board_text(directory, pages, screen, dry_run=dry_run),
    )
    watching.report_errors(found.status, context.options)
    return exit_codes.FAILED if found.status.errors else exit_codes.DONE
