"""Follows the log of a task's container."""

from __future__ import annotations

from collections import deque
from functools import partial

from weco_deploy.errors import AwsError, Throttled, Unreachable
from weco_deploy.model.arn import resource_name
from weco_deploy.model.events import Notice, StepOutput
from weco_deploy.model.service import DefinedContainer
from weco_deploy.pipeline.step import StepContext

LAST_LINES = 20
MOST_PAGES = 20
"""How many pages are read at once. What is left comes with the next poll."""


class TaskLog:
    """The log of a container, which is shown line by line. Where it can't be read, that is said once."""

    def __init__(self, step_id: str, container: DefinedContainer, context: StepContext) -> None:
        self._step_id = step_id
        self._container = container
        self._context = context
        self._token: str | None = None
        self._readable = True
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def show_news(self, task: str) -> None:
        """Notify of the lines since the last time, or that there are none. `task` is the ARN of the task."""
        lines = self._news(task) if self._readable else []
        self._last.extend(lines)
        self._context.notify(StepOutput(self._step_id, tuple(lines)))

    @property
    def last_lines(self) -> tuple[str, ...]:
        return tuple(self._last)

    def _news(self, task: str) -> list[str]:
        lines: list[str] = []
        try:
            for _ in range(MOST_PAGES):
                ports = self._context.ports
                reader = ports.logs(self._context.environment)
                calls = self._context.ledger.holding(ports).calls
                (page,) = calls.read(
                    [partial(reader.read, self._container, resource_name(task), self._token)]
                )
                lines += page.lines
                self._token = page.next_token or self._token
                if page.complete:
                    break
        except (Throttled, Unreachable):
            pass  # the next poll reads on
        except AwsError as error:
            self._readable = False
            self._context.notify(Notice(f"the log of {self._step_id} can't be read: {error.message}"))
        return lines
