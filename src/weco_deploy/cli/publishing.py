"""What `publish` does."""

from __future__ import annotations

from pathlib import Path

from weco_deploy.cli import prompts
from weco_deploy.cli.event_output import Telling
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.output import answer
from weco_deploy.cli.project_context import Opened
from weco_deploy.local.oci_layout import OciLayout
from weco_deploy.model.publication import PublishRequest
from weco_deploy.operations import publish as operations
from weco_deploy.report.documents import publication_document
from weco_deploy.report.screen import Screen
from weco_deploy.rules.publishing import check_label


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
    """Publish an image of the Docker Engine or of an OCI layout, or with --dry-run tell how that would be."""
    opened = Opened(invocation, "publish")
    settings = opened.settings
    image = opened.project.image(_image_id(opened, image_id))
    check_label(label)  # before AWS and the engine are asked anything
    ports = opened.ports
    path = Path(oci_layout) if oci_layout is not None else None
    tag = operations.chosen_ref(image.id, ref, ports, allow_dirty=allow_dirty, besides=path)
    request = PublishRequest(image_id=image.id, ref=tag, label=label, force_ref=force_ref)
    source = (
        operations.layout_image(OciLayout(path)) if path else operations.engine_image(image.id, tag, ports)
    )
    if settings.dry_run:
        published = operations.planned(request, source, ports)
    else:
        with Telling(invocation, ports.clock.utc) as tell:
            published = operations.publish(request, source, ports, tell)

    def text(screen: Screen) -> str:
        from weco_deploy.report.publication_text import publication_text

        return publication_text(published, screen, dry_run=settings.dry_run)

    answer(settings, lambda: publication_document(published, dry_run=settings.dry_run), text)


def _image_id(opened: Opened, given: str | None) -> str:
    known = [image.id for image in opened.project.images]
    return prompts.value(
        opened.settings, given, flag="--image-id", question="Image to publish", choices=known
    )
