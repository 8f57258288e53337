from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command(
    "release-deploy", cls=Command, short_help="Make a release and deploy it: prepare and deploy in one."
)
@options.from_label
@options.environment_id
@options.deploy_options
@click.pass_obj
def release_deploy(
    invocation: Invocation, *, from_label: str | None, environment_id: str | None, flags: options.DeployFlags
) -> int:
    """Make a release of the images that a label points at, deploy it and watch.

    The release is recorded when its deployment begins: answering no leaves nothing behind.
    """
    from weco_deploy.cli import deploying

    return deploying.release_deploy(
        invocation, from_label=from_label, environment_id=environment_id, flags=flags
    )
