from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from weco_deploy.cli import completion, options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext


@click.command("update", cls=Command, short_help="Make a release with some images replaced.")
@options.release_id
@click.option(
    "--image-ids",
    "--service-ids",
    envvar=["WECO_DEPLOY_IMAGE_IDS", "WECO_DEPLOY_SERVICE_IDS"],
    shell_complete=completion.image_list,
    type=options.Names(),
    help="The images to replace, with commas between them.",
)
@options.from_label
@options.allow_partial
@options.override_gate
@options.output_file
@click.pass_obj
def update(
    invocation: Invocation,
    *,
    release_id: str | None,
    image_ids: tuple[str, ...] | None,
    from_label: str | None,
    allow_partial: bool,
    override_gate: str | None,
) -> None:
    """Make a release like another one, with some images as a label has them now.

    Nothing that runs changes: deploy the release to do that.
    """
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.releases import show_prepared
    from weco_deploy.operations import release as operations
    from weco_deploy.operations.gates import check_label

    context = ProjectContext(invocation, "update")
    for image_id in image_ids or ():
        context.project.image(image_id)  # raises NotFound before any question or call to AWS
    base = context.release(release_id, "Release to update")
    images = image_ids or _images(context)
    label = context.label(from_label)
    check_label(label, override_gate, context.ports)
    prepared = operations.update(
        context.ports,
        release=base,
        image_ids=images,
        from_label=label,
        save=not context.settings.dry_run,
        overrides=override_gate,
        allow_partial=allow_partial,
    )
    show_prepared(context.settings, prepared)


def _images(context: ProjectContext) -> Sequence[str]:
    from weco_deploy.cli import prompts

    known = ", ".join(image.id for image in context.project.images)
    answer = prompts.value(
        context.settings, None, flag="--image-ids", question=f"Image ids, with commas between them ({known})"
    )
    return options.Names().convert(answer, None, None)
