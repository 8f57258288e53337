from __future__ import annotations

import click

from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command(
    "publish", cls=Command, short_help="Push a local image as ref.<commit>, and move a label to it."
)
@click.option(
    "--image-id",
    envvar="WECO_DEPLOY_IMAGE_ID",
    metavar="IMAGE",
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
    from weco_deploy.cli import publishing

    publishing.publish(
        invocation,
        image_id=image_id,
        label=label,
        ref=ref,
        force_ref=force_ref,
        allow_dirty=allow_dirty,
        oci_layout=oci_layout,
    )
