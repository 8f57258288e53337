from __future__ import annotations

import click

from weco_deploy import exit_codes
from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("board", cls=Command, short_help="Write or serve web pages that show all of it.")
@click.option(
    "--out",
    "directory",
    envvar="WECO_DEPLOY_OUT",
    type=options.BoardPlace(),
    metavar="PLACE",
    help="Where to write to: a directory, which is made if it does not exist, or s3://bucket/prefix.",
)
@click.option(
    "--serve",
    envvar="WECO_DEPLOY_SERVE",
    is_flag=True,
    help="Serve the pages to this machine instead, and keep them up to date, until Ctrl-C.",
)
@click.option(
    "--port",
    envvar="WECO_DEPLOY_PORT",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    default=8000,
    show_default=True,
    help="The port to serve at; 0 for a free one.",
)
@click.pass_obj
def board(invocation: Invocation, *, directory: str | None, serve: bool, port: int) -> int:
    """Write web pages that show all of it: what runs in each environment, what waits to be promoted, the last deployments.

    The pages make no requests, so they can be opened from the directory, or served from anywhere. It needs the extra: pip
    install "weco-deploy[board]".
    """
    from weco_deploy.cli import board_serving, watching
    from weco_deploy.cli.board_pages import pages_of
    from weco_deploy.cli.board_place import write_board
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.errors import UsageError
    from weco_deploy.operations.board import BoardReader
    from weco_deploy.report.board_result import board_document, board_text

    if (directory is None) != serve:
        raise UsageError("board needs either --out or --serve", "write with --out DIR, or serve with --serve")
    if serve:
        board_serving.check_can_serve(invocation.settings)
    context = ProjectContext(invocation, "board")
    render = pages_of(context.options)
    reader = BoardReader(context.ports)
    if directory is None:
        board_serving.serve(context.ports, reader, render, port)
        return exit_codes.DONE
    found = reader.read()
    pages = render(found)
    dry_run = context.settings.dry_run
    if not dry_run:
        write_board(directory, pages, context.ports)

    print_result(
        context.settings,
        lambda: board_document(found.project_id, directory, pages, dry_run=dry_run),
        lambda screen: board_text(directory, pages, screen, dry_run=dry_run),
    )
    watching.report_errors(found.status, context.settings)
    return exit_codes.FAILED if found.status.errors else exit_codes.DONE
