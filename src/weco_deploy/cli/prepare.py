from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("prepare", cls=Command, short_help="Make a release of the images that a label points at.")
@options.from_label
@options.description
@options.override_gate
@click.pass_obj
def prepare(
    invocation: Invocation, *, from_label: str | None, description: str | None, override_gate: str | None
) -> None:
    """Make a release of the images that a label points at, and show what is new in it.

    Nothing that runs changes: deploy the release to do that.
    """
    from weco_deploy.cli import releasing

    releasing.prepare(invocation, from_label=from_label, description=description, override_gate=override_gate)
