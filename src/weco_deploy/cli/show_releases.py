from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("show-releases", cls=Command, short_help="List the newest releases.")
@options.limit
@click.pass_obj
def show_releases(invocation: Invocation, *, limit: int) -> None:
    """List the newest releases and where they were deployed."""
    from weco_deploy.cli import history

    history.show_releases(invocation, limit=limit)
