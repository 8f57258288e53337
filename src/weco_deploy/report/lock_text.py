"""The texts for a lock that was taken by hand, or released."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.environment import Lock
from weco_deploy.report.next_steps import command
from weco_deploy.report.page import BOLD, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import moment, person, short_id


def lock_text(
    environment: str, lock: Lock, after: Lock | None, screen: Screen, options: Sequence[str] = ()
) -> str:
    """The text for a new lock: who locked the environment, when and why, and how to unlock it.

    `after` is the lock of the deployment that the new lock waits for; None if it holds now. The unlock command repeats the
    global `options`.
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
        page.line(f"it goes on: {deployment} {person(after.holder)}", indent=2)
        _build(page, after)
    page.line(f"by {person(lock.holder)}, {moment(lock.since, screen)}", indent=2)
    page.line("No deployment begins there until:")
    page.unwrapped(command(*options, "unlock", "--environment-id", environment), indent=2)
    return page.text()


def unlocked_text(environment: str, lock: Lock, screen: Screen) -> str:
    """The text for a released lock: who took it, when and why."""
    page = Page(screen)
    why = f": {one_line(lock.why)}" if lock.why else ""
    page.line(f"The lock of {one_line(environment)} is released{why}", BOLD)
    how = f"for deployment {short_id(lock.deployment_id)}" if lock.deployment_id else "by hand"
    page.line(f"it was taken {how} by {person(lock.holder)}, {moment(lock.since, screen)}", indent=2)
    _build(page, lock)
    return page.text()


def _build(page: Page, lock: Lock) -> None:
    if lock.build_url:
        page.unwrapped(f"build {one_line(lock.build_url)}", indent=2)


def _why(lock: Lock) -> str:
    return one_line(lock.why) or "no reason given"
