from __future__ import annotations

from typing import TYPE_CHECKING

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation

if TYPE_CHECKING:
    from weco_deploy.model.environment import Lock
    from weco_deploy.report.screen import Screen

NOT_YOURS = "This lock is not yours. Release it?"
STOP_IT = "If that deployment still goes on, it will change nothing more. Release its lock?"


@click.command("unlock", cls=Command, short_help="Let deployments to an environment begin again.")
@options.environment_to_name
@click.option(
    "--force",
    envvar="WECO_DEPLOY_FORCE",
    is_flag=True,
    help="Release a lock that is not yours, too: another person's or a deployment's.",
)
@click.pass_obj
def unlock(invocation: Invocation, *, environment_id: str | None, force: bool) -> None:
    """Release the lock of an environment.

    A lock that is not yours needs --force, and a yes.
    """
    from weco_deploy.cli import prompts
    from weco_deploy.cli.output import announce_dry_run, print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.streams import write_notice
    from weco_deploy.operations import lock as operations
    from weco_deploy.report.documents import unlocked_document
    from weco_deploy.rules.lock import refused

    context = ProjectContext(invocation, "unlock")
    settings = context.settings
    environment = context.environment(environment_id, "Environment to unlock", default=None)

    def approve(lock: Lock) -> bool:
        write_notice(refused(environment, lock).message)
        return prompts.agrees(settings, STOP_IT if lock.deployment_id else NOT_YOURS)

    if settings.dry_run:
        released = operations.releasable(context.ports, environment, force=force).lock
    else:
        released = operations.unlock(context.ports, environment, force=force, approve=approve)
    announce_dry_run(settings)

    def text(screen: Screen) -> str:
        from weco_deploy.report.lock_text import unlocked_text

        return unlocked_text(environment, released, screen)

    print_result(settings, lambda: unlocked_document(environment, released, dry_run=settings.dry_run), text)
