from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("update", cls=Command, short_help="Make a release with some images replaced.")
@options.release_id
@click.option(
    "--image-ids",
    "--service-ids",
    envvar=["WECO_DEPLOY_IMAGE_IDS", "WECO_DEPLOY_SERVICE_IDS"],
    type=options.Names(),
    help="The images to replace, with commas between them.",
)
@options.from_label
@options.override_gate
@click.pass_obj
def update(
    invocation: Invocation,
    *,
    release_id: str | None,
    image_ids: tuple[str, ...] | None,
    from_label: str | None,
    override_gate: str | None,
) -> None:
    """Make a release like another one, with some images as a label has them now.

    Nothing that runs changes: deploy the release to do that.
    """
    from weco_deploy.cli import releasing

    releasing.update(
        invocation,
        release_id=release_id,
        image_ids=image_ids,
        from_label=from_label,
        override_gate=override_gate,
    )
