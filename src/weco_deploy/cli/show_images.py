from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.report.screen import Screen


@click.command("show-images", cls=Command, short_help="Show what a label points at.")
@click.option(
    "--label",
    envvar="WECO_DEPLOY_LABEL",
    type=options.ImageTag(),
    metavar="LABEL",
    default="latest",
    show_default=True,
    help="The tag: latest, env.stage, ref.<commit>.",
)
@click.pass_obj
def show_images(invocation: Invocation, *, label: str) -> None:
    """Show the image that a label points at in each repository of the project."""
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations import history
    from weco_deploy.report.documents import images_document

    context = ProjectContext(invocation, "show-images")
    images = history.images(context.ports, label)

    def text(screen: Screen) -> str:
        from weco_deploy.report.history_text import images_text

        return images_text(label, images, screen, context.ports.clock.utc())

    print_result(context.settings, lambda: images_document(images), text)
