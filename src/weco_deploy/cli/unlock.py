from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("unlock", cls=Command, short_help="Let deployments to an environment begin again.")
@options.environment_to_name
@click.option(
    "--force",
    envvar="WECO_DEPLOY_FORCE",
    is_flag=True,
    help="Also if the lock is not yours: somebody else's, or a deployment's.",
)
@click.pass_obj
def unlock(invocation: Invocation, *, environment_id: str | None, force: bool) -> None:
    """Release the lock of an environment.

    A lock that is not yours needs --force, and is asked about first.
    """
    from weco_deploy.cli import locking

    locking.unlock(invocation, environment_id=environment_id, force=force)
