from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import completion
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.report.screen import Screen


@click.command(
    "publish", cls=Command, short_help="Push a local image as ref.<commit>, and move a label to it."
)
@click.option(
    "--image-id",
    envvar="WECO_DEPLOY_IMAGE_ID",
    metavar="IMAGE",
    shell_complete=completion.images,
    help="Which image of the project.",
)
@click.option(
    "--label",
    envvar="WECO_DEPLOY_LABEL",
    default="latest",
    show_default=True,
    help="The tag that is moved to the image.",
)
@click.option(
    "--ref",
    envvar="WECO_DEPLOY_REF",
    metavar="COMMIT",
    help="What it was built from.  [default: the content of .releases/<image id> at the repository's root,"
    " else the commit of HEAD]",
)
@click.option(
    "--force-ref",
    envvar="WECO_DEPLOY_FORCE_REF",
    is_flag=True,
    help="Push though ECR has another image of that commit; its ref then names this one.",
)
@click.option(
    "--allow-dirty",
    envvar="WECO_DEPLOY_ALLOW_DIRTY",
    is_flag=True,
    help="Name the image after HEAD though the work tree differs from it.",
)
@click.option(
    "--oci-layout",
    envvar="WECO_DEPLOY_OCI_LAYOUT",
    metavar="PATH",
    help="Take the image from an OCI layout, a directory or tar archive as buildx writes it, with all its"
    " architectures; not from the Docker Engine.",
)
@click.pass_obj
def publish(
    invocation: Invocation,
    *,
    image_id: str | None,
    label: str,
    ref: str | None,
    force_ref: bool,
    allow_dirty: bool,
    oci_layout: str | None,
) -> None:
    """Push the local image IMAGE:COMMIT to ECR as ref.COMMIT, and move a label to it.

    An image that is in ECR already is not pushed again. Needs the Docker Engine, or an OCI layout.
    """
    from pathlib import Path

    from weco_deploy.cli import prompts
    from weco_deploy.cli.event_output import EventOutput
    from weco_deploy.cli.output import print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.local.oci_layout import OciLayout
    from weco_deploy.model.publication import PublishRequest
    from weco_deploy.operations import publish as operations
    from weco_deploy.report.documents import publication_document
    from weco_deploy.rules.publishing import check_label

    context = ProjectContext(invocation, "publish")
    settings = context.settings
    known = [image.id for image in context.project.images]
    chosen = prompts.value(settings, image_id, flag="--image-id", question="Image to publish", choices=known)
    image = context.project.image(chosen)
    check_label(label, context.project, image)  # before any call to AWS or the engine
    ports = context.ports
    path = Path(oci_layout) if oci_layout is not None else None
    tag = operations.chosen_ref(image.id, ref, ports, allow_dirty=allow_dirty, besides=path)
    request = PublishRequest(image_id=image.id, ref=tag, label=label, force_ref=force_ref)
    source = (
        operations.layout_image(OciLayout(path)) if path else operations.engine_image(image.id, tag, ports)
    )
    if settings.dry_run:
        published = operations.planned(request, source, ports)
    else:
        with EventOutput(invocation, ports.clock.utc) as output:
            published = operations.publish(request, source, ports, output)

    def text(screen: Screen) -> str:
        from weco_deploy.report.publication_text import publication_text

        return publication_text(published, screen, dry_run=settings.dry_run)

    print_result(settings, lambda: publication_document(published, dry_run=settings.dry_run), text)
