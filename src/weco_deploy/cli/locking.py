"""What `lock` and `unlock` do."""

from __future__ import annotations

from weco_deploy.cli import prompts
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.output import answer
from weco_deploy.cli.project_context import Opened
from weco_deploy.cli.streams import write_notice
from weco_deploy.model.environment import Lock
from weco_deploy.operations import lock as operations
from weco_deploy.report.documents import lock_document, unlocked_document
from weco_deploy.report.screen import Screen

NOT_YOURS = "This lock is not yours. Release it?"
STOP_IT = "If that deployment still goes on, it will change nothing more. Release its lock?"
_DRY_RUN = "dry run: nothing is changed; without it this would be so:"


def lock(invocation: Invocation, *, environment_id: str | None, reason: str | None) -> None:
    """Hold an environment by hand, or with --dry-run tell how that would be."""
    opened = Opened(invocation, "lock")
    settings = opened.settings
    target = opened.environment(environment_id, "Environment to lock", default=None)
    why = prompts.optional(settings, reason, question="Reason", otherwise="none") or ""
    take = operations.planned_lock if settings.dry_run else operations.lock
    locked = take(opened.ports, target, why)
    _say_if_dry(opened)

    def text(screen: Screen) -> str:
        from weco_deploy.report.lock_text import lock_text

        return lock_text(locked.environment, locked.lock, locked.after, screen, opened.options)

    answer(
        settings,
        lambda: lock_document(locked.environment, locked.lock, locked.after, dry_run=settings.dry_run),
        text,
    )


def unlock(invocation: Invocation, *, environment_id: str | None, force: bool) -> None:
    """Release an environment's lock, or with --dry-run tell which one that would be."""
    opened = Opened(invocation, "unlock")
    settings = opened.settings
    target = opened.environment(environment_id, "Environment to unlock", default=None)

    def approve(lock: Lock) -> bool:
        write_notice(lock.refusal(target).message)
        return prompts.agrees(settings, STOP_IT if lock.deployment_id else NOT_YOURS)

    if settings.dry_run:
        released = operations.releasable(opened.ports, target, force=force).lock
    else:
        released = operations.unlock(opened.ports, target, force=force, approve=approve)
    _say_if_dry(opened)

    def text(screen: Screen) -> str:
        from weco_deploy.report.lock_text import unlocked_text

        return unlocked_text(target, released, screen)

    answer(settings, lambda: unlocked_document(target, released, dry_run=settings.dry_run), text)


def _say_if_dry(opened: Opened) -> None:
    if opened.settings.dry_run and not opened.settings.json:
        write_notice(_DRY_RUN)
