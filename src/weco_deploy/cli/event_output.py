"""What is shown on stderr while a deployment goes on, and the question before it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType

from weco_deploy.cli import prompts
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.project_context import ProjectContext
from weco_deploy.cli.streams import silence, write_notice
from weco_deploy.model.events import Claimed, Event, Settled
from weco_deploy.model.plan import Plan
from weco_deploy.report.progress import progress
from weco_deploy.report.screen import Screen

QUESTION = "Create deployment?"


class Telling:
    """Shows events from the first one on, and remembers the deployment that they are about.

    A terminal or a reader that has gone away ends the showing, never the deployment.
    """

    def __init__(self, invocation: Invocation, now: Callable[[], datetime]) -> None:
        self._invocation = invocation
        self._now = now
        self._open = ExitStack()
        self._show: Callable[[Event], None] | None = None

    def __enter__(self) -> Telling:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def __call__(self, event: Event) -> None:
        self._remember(event)
        try:
            if self._show is None:
                self._show = self._open.enter_context(progress(sys.stderr, self._now))
            self._show(event)
        except OSError:
            silence(sys.stderr)

    def pause(self) -> None:
        """Leave the terminal to somebody else until the next event."""
        self._show = None
        try:
            self._open.close()
        except OSError:
            silence(sys.stderr)

    def _remember(self, event: Event) -> None:
        if not isinstance(event, Claimed | Settled):
            return
        known = self._invocation.recorded
        # A rollback is told of, too: it is part of the deployment that it undoes.
        if known is None or known.deployment_id == event.deployment.deployment_id:
            self._invocation.recorded = event.deployment


def approval(context: ProjectContext, telling: Telling) -> Callable[[Plan], bool]:
    """Shows a plan and asks whether to carry it out, unless --confirm said so."""

    def approve(plan: Plan) -> bool:
        from weco_deploy.report.plan_text import plan_text

        telling.pause()
        write_notice(plan_text(plan, Screen.of(sys.stderr), context.where(plan.environment)))
        return prompts.agrees(context.settings, QUESTION)

    return approve
