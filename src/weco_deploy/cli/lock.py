from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("lock", cls=Command, short_help="Keep deployments away from an environment.")
@options.environment_to_name
@click.option(
    "--reason",
    envvar="WECO_DEPLOY_REASON",
    metavar="TEXT",
    help="What for; it is told to everybody who finds the environment locked.",
)
@click.pass_obj
def lock(invocation: Invocation, *, environment_id: str | None, reason: str | None) -> None:
    """Keep deployments away from an environment, until it is unlocked.

    A deployment that goes on there is left alone: the lock holds from its end.
    """
    from weco_deploy.cli import locking

    locking.lock(invocation, environment_id=environment_id, reason=reason)
