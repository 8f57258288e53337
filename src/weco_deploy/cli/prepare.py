from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("prepare", cls=Command, short_help="Make a release of the images that a label points at.")
@options.from_label
@options.description
@options.allow_partial
@options.override_gate
@click.pass_obj
def prepare(
    invocation: Invocation,
    *,
    from_label: str | None,
    description: str | None,
    allow_partial: bool,
    override_gate: str | None,
) -> None:
    """Make a release of the images that a label points at, and show what is new in it.

    Nothing that runs changes: deploy the release to do that.
    """
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.releases import show_prepared
    from weco_deploy.operations import release as operations
    from weco_deploy.operations.gates import check_label

    context = ProjectContext(invocation, "prepare")
    label = context.label(from_label)
    description = context.description(description)
    check_label(label, override_gate, context.ports)
    prepared = operations.prepare(
        context.ports,
        from_label=label,
        description=description,
        save=not context.settings.dry_run,
        overrides=override_gate,
        allow_partial=allow_partial,
    )
    show_prepared(context.settings, prepared)
