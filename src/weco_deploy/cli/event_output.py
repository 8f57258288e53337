"""Progress on stderr, the question before it, and the other sinks that get the events."""

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
from weco_deploy.local.event_sinks import Delivery, EventDispatcher
from weco_deploy.model.events import Claimed, Event, Settled
from weco_deploy.model.plan import Plan
from weco_deploy.report.progress import progress
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count

QUESTION = "Create deployment?"


class EventOutput:
    """Where an operation's events go: to the terminal, to the invocation's other sinks, and into what it remembers.

    The terminal shows them from the first one on. A terminal or a reader that has gone away ends the showing, never
    the deployment. The other sinks are closed by `close_sinks`, once the result is written.

    Args:
        invocation: the run; it remembers the deployment that the events are about.
        now: the time in UTC.
        environment: the environment of the run, if it has one.

    """

    def __init__(
        self, invocation: Invocation, now: Callable[[], datetime], *, environment: str | None = None
    ) -> None:
        self._invocation = invocation
        self._now = now
        self._open = ExitStack()
        self._show: Callable[[Event], None] | None = None
        self._dispatcher = EventDispatcher(
            self._show_event, invocation.event_sinks, environment=environment, now=now
        )
        invocation.dispatchers.append(self._dispatcher)

    def __enter__(self) -> EventOutput:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def __call__(self, event: Event) -> None:
        self._remember(event)
        self._dispatcher(event)

    def _show_event(self, event: Event) -> None:
        try:
            if self._show is None:
                self._show = self._open.enter_context(progress(sys.stderr, self._now))
            self._show(event)
        except OSError:
            silence(sys.stderr)

    def pause(self) -> None:
        """Stop drawing on the terminal until the next event."""
        self._show = None
        try:
            self._open.close()
        except OSError:
            silence(sys.stderr)

    def _remember(self, event: Event) -> None:
        if not isinstance(event, Claimed | Settled):
            return
        known = self._invocation.recorded
        # An automatic rollback has events too, but is part of the deployment that it undoes.
        if known is None or known.deployment_id == event.deployment.deployment_id:
            self._invocation.recorded = event.deployment


def approval(context: ProjectContext, output: EventOutput) -> Callable[[Plan], bool]:
    """Return a function that shows a plan and asks whether to carry it out, unless --confirm was given."""

    def approve(plan: Plan) -> bool:
        from weco_deploy.report.plan_text import plan_text

        output.pause()
        write_notice(plan_text(plan, Screen.of(sys.stderr), context.where(plan.environment)))
        return prompts.agrees(context.settings, QUESTION)

    return approve


def close_sinks(invocation: Invocation) -> None:
    """Give the sinks a little time for what they have not got yet, and warn of what they did not get."""
    for dispatcher in invocation.dispatchers:
        for delivery in dispatcher.close():
            if not delivery.complete:
                write_notice(f"warning: {one_line(_shortfall(delivery))}")


def _shortfall(delivery: Delivery) -> str:
    missed = delivery.dropped + delivery.undelivered + delivery.failures
    because = f": {delivery.error}" if delivery.error else ""
    return f"{delivery.sink} did not get {count(missed, 'event')} of this run{because}"
