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
    help="Why. Everybody who finds the environment locked sees it.",
)
@click.pass_obj
def lock(invocation: Invocation, *, environment_id: str | None, reason: str | None) -> None:
    """Keep deployments away from an environment, until it is unlocked.

    A deployment in progress there is left alone: the lock begins when it ends.
    """
    from weco_deploy.cli import prompts
    from weco_deploy.cli.output import announce_dry_run, print_result
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.operations import lock as operations
    from weco_deploy.report.documents import lock_document
    from weco_deploy.report.screen import Screen

    context = ProjectContext(invocation, "lock")
    settings = context.settings
    environment = context.environment(environment_id, "Environment to lock", default=None)
    reason = prompts.optional(settings, reason, question="Reason", otherwise="none") or ""
    lock_or_plan = operations.planned_lock if settings.dry_run else operations.lock
    locked = lock_or_plan(context.ports, environment, reason)
    announce_dry_run(settings)

    def text(screen: Screen) -> str:
        from weco_deploy.report.lock_text import lock_text

        return lock_text(locked.environment, locked.lock, locked.after, screen, context.options_shown)

    print_result(
        settings,
        lambda: lock_document(locked.environment, locked.lock, locked.after, dry_run=settings.dry_run),
        text,
    )
