from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("show-deployments", cls=Command, short_help="List the newest deployments.")
@click.argument("release", required=False, type=options.Text())
@click.option(
    "--environment-id",
    envvar="WECO_DEPLOY_ENVIRONMENT_ID",
    type=options.Text(),
    metavar="ENVIRONMENT",
    help="Only those to this environment.  [default: all]",
)
@options.limit
@click.pass_obj
def show_deployments(
    invocation: Invocation, *, release: str | None, environment_id: str | None, limit: int
) -> None:
    """List the newest deployments, of all releases or of RELEASE."""
    from weco_deploy.cli import history

    history.show_deployments(invocation, release=release, environment_id=environment_id, limit=limit)
