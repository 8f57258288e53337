from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("rollback", cls=Command, short_help="Deploy the release that ran before.")
@options.environment_to_name
@click.option(
    "--to-release",
    "--to",
    "to_release",
    envvar="WECO_DEPLOY_TO_RELEASE",
    type=options.Text(),
    metavar="RELEASE",
    help="The release to go back to.  [default: the last one that worked before]",
)
@options.deploy_options
@click.pass_obj
def rollback(
    invocation: Invocation,
    *,
    environment_id: str | None,
    to_release: str | None,
    flags: options.DeployFlags,
) -> int:
    """Deploy the release that an environment ran before, and watch.

    After a deployment that did not succeed that is the last release that worked; otherwise the one before
    the current one. A second rollback goes further back; one that did not succeed is done again.
    """
    from weco_deploy.cli import deploying

    return deploying.rollback(invocation, environment_id=environment_id, to_release=to_release, flags=flags)
