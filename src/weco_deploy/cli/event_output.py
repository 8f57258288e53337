"""Passes events to the terminal and to other sinks, and asks for approval of a plan."""

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
from weco_deploy.model.events import Claimed, EcsRollbackRequested, Event, ServiceRedeployed, Settled
from weco_deploy.model.plan import Plan
from weco_deploy.report.progress import progress
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count


class EventOutput:
    """Takes an operation's events, and passes them to the terminal and to the invocation's other sinks.

    It also keeps the latest state of the deployment in `invocation.recorded` and `invocation.progress`. If the terminal or its reader is gone, events
    are no longer shown, but the deployment goes on. `close_sinks` closes the other sinks once the result is written.

    Args:
        invocation: the run.
        now: returns the time in UTC.
        environment: the environment of the run, if any.

    """

    def __init__(
        self, invocation: Invocation, now: Callable[[], datetime], *, environment: str | None = None
    ) -> None:
        self._invocation = invocation
        self._now = now
        self._redeployed = self._to_redeploy = 0
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
        self._keep_deployment(event)
        self._keep_progress(event)
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

    def _keep_deployment(self, event: Event) -> None:
        if not isinstance(event, Claimed | Settled):
            return
        kept = self._invocation.recorded
        # The events of an automatic rollback are skipped: the failed deployment contains the rollback.
        if kept is None or kept.deployment_id == event.deployment.deployment_id:
            self._invocation.recorded = event.deployment

    def _keep_progress(self, event: Event) -> None:
        match event:
            case Claimed(plan=Plan() as plan):
                self._redeployed, self._to_redeploy = 0, len(plan.redeploys)
            case ServiceRedeployed() | EcsRollbackRequested():
                self._redeployed += 1
            case _:
                return
        under_way = 0 < self._redeployed < self._to_redeploy
        self._invocation.progress = (
            f"{self._redeployed} of {self._to_redeploy} redeployed" if under_way else ""
        )


def approval(context: ProjectContext, output: EventOutput) -> Callable[[Plan], bool]:
    """Return a function that shows a plan and, unless --confirm was given, asks whether to carry it out."""

    def approve(plan: Plan) -> bool:
        from weco_deploy.report.plan_sentences import question
        from weco_deploy.report.plan_text import Purpose, plan_text

        output.pause()
        settings, purpose = context.settings, Purpose.PLAN
        if prompts.may_ask(settings):
            purpose = Purpose.QUESTION
            context.ports.caller()  # so that the account is known; AWS would be asked after the question anyway
        where = context.where(plan.environment)
        write_notice(
            plan_text(
                plan,
                Screen.of(sys.stderr, context.ports.clock.utc()),
                where,
                purpose=purpose,
                unchanged=settings.verbose,
            )
        )
        return prompts.agrees(settings, question(plan, where, context.ports.clock.utc()))

    return approve


def close_sinks(invocation: Invocation) -> None:
    """Wait for the sinks to get the remaining events, and warn if they did not get all of them."""
    for dispatcher in invocation.dispatchers:
        for delivery in dispatcher.close():
            if not delivery.complete:
                write_notice(f"warning: {one_line(_shortfall(delivery))}")


def _shortfall(delivery: Delivery) -> str:
    missed = delivery.dropped + delivery.undelivered + delivery.failures
    error = delivery.error or ("it did not answer in time" if delivery.undelivered else "")
    because = f": {error}" if error else ""
    return f"{delivery.sink} did not get {count(missed, 'event')} of this run{because}"
