from __future__ import annotations

import click

from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("show-images", cls=Command, short_help="Show what a label points at.")
@click.option(
    "--label",
    envvar="WECO_DEPLOY_LABEL",
    default="latest",
    show_default=True,
    help="The tag: latest, env.stage, ref.<commit>.",
)
@click.pass_obj
def show_images(invocation: Invocation, *, label: str) -> None:
    """Show the image that a label points at in each repository of the project."""
    from weco_deploy.cli import history

    history.show_images(invocation, label=label)
