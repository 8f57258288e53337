"""A lock that was taken by hand, and one that was released."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.environment import Lock
from weco_deploy.report.next_steps import command
from weco_deploy.report.page import BOLD, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import minute, short_id


def lock_text(
    environment: str, lock: Lock, after: Lock | None, screen: Screen, options: Sequence[str] = ()
) -> str:
    """Since when the environment is locked, by whom and why, and how to unlock it.

    `after` is the lock of the deployment from whose end it holds; None if it holds now. `options` are
    global options to repeat in the command that is named.
    """
    page = Page(screen)
    name = one_line(environment)
    if after is None:
        page.line(f"{name} is locked: {_why(lock)}", BOLD)
    else:
        page.line(
            f"{name} will be locked once the deployment that goes on there has ended: {_why(lock)}", BOLD
        )
        deployment = f"deployment {short_id(after.deployment_id)} of" if after.deployment_id else "a lock of"
        page.line(f"it goes on: {deployment} {one_line(after.holder)}", indent=2)
    page.line(f"by {one_line(lock.holder)}, {minute(lock.since)} UTC", indent=2)
    page.line("No deployment begins there until:")
    page.unwrapped(command(*options, "unlock", "--environment-id", environment), indent=2)
    return page.text()


def unlocked_text(environment: str, lock: Lock, screen: Screen) -> str:
    """Whose lock was released, and since when it was held. A lock that waited for its end may hold now."""
    page = Page(screen)
    page.line(f"The lock of {one_line(environment)} is released: {_why(lock)}", BOLD)
    what = f"for deployment {short_id(lock.deployment_id)}" if lock.deployment_id else "by hand"
    page.line(f"it was taken {what} by {one_line(lock.holder)}, {minute(lock.since)} UTC", indent=2)
    return page.text()


def _why(lock: Lock) -> str:
    return one_line(lock.reason) or "no reason given"
