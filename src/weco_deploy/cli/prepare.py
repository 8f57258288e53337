from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("prepare", cls=Command, short_help="Make a release of the images of a label or a commit.")
@options.from_label
@options.commit
@options.wait_for_images
@options.description
@options.allow_partial
@options.override_gate
@options.output_file
@click.pass_obj
def prepare(
    invocation: Invocation,
    *,
    from_label: str | None,
    commit: str | None,
    wait_for_images: float,
    description: str | None,
    allow_partial: bool,
    override_gate: str | None,
) -> None:
    """Make a release of the images that a label points at, or of a commit, and show what is new in it.

    Nothing that runs changes: deploy the release to do that.
    """
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.releases import check_sources, show_prepared, show_waiting
    from weco_deploy.model.requests import ReleaseRequest
    from weco_deploy.operations import prepare as operations
    from weco_deploy.operations.gates import check_label

    check_sources(from_label, commit)
    context = ProjectContext(invocation, "prepare")
    label = context.label(from_label) if commit is None else None
    description = context.description(description)
    if label is not None:
        check_label(label, override_gate, context.ports)
    request = ReleaseRequest(
        description=description,
        from_label=label,
        commit=commit,
        wait_for_images=wait_for_images,
        allow_partial=allow_partial,
        overrides=override_gate,
    )
    prepared = operations.prepare(context.ports, request, show_waiting, save=not context.settings.dry_run)
    show_prepared(context.settings, prepared)
