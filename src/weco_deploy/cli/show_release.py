from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("show-release", cls=Command, short_help="Show a release as JSON, or compare two.")
@click.argument("release", default="latest", type=options.Text(), metavar="[RELEASE]")
@click.option(
    "--diff",
    "base",
    envvar="WECO_DEPLOY_DIFF",
    type=options.Text(),
    metavar="RELEASE",
    help="Show what distinguishes the release from this one instead.",
)
@click.pass_obj
def show_release(invocation: Invocation, *, release: str, base: str | None) -> None:
    """Show a release (default: latest) as JSON, with its deployments."""
    from weco_deploy.cli import history

    history.show_release(invocation, release=release, base=base)
