from __future__ import annotations

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation


@click.command("promote", cls=Command, short_help="Deploy to one environment what another one runs.")
@click.option(
    "--from",
    "source",
    envvar="WECO_DEPLOY_FROM",
    type=options.Text(),
    metavar="ENVIRONMENT",
    help="Where it runs now.  [default: stage, at a terminal]",
)
@click.option(
    "--to",
    "target",
    envvar="WECO_DEPLOY_TO",
    type=options.Text(),
    metavar="ENVIRONMENT",
    help="Where to.  [default: prod, at a terminal]",
)
@options.deploy_options
@click.pass_obj
def promote(
    invocation: Invocation, *, source: str | None, target: str | None, flags: options.DeployFlags
) -> int:
    """Deploy to one environment the very images that another one runs, and watch.

    Refused while the other one is being deployed to, if its last deployment did not succeed, or if it
    runs something else than what is recorded.
    """
    from weco_deploy.cli import deploying

    return deploying.promote(invocation, source=source, target=target, flags=flags)
