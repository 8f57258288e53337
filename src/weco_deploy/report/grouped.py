"""Shows progress as lines in a GitHub job log, folded into a group for each deployment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self, TextIO

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.events import Claimed, Event, RollingBack, Settled
from weco_deploy.model.kind import Kind
from weco_deploy.report.plain import PlainProgress
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import short_id


class GroupedProgress:
    """Writes the lines of `PlainProgress` between `::group::` and `::endgroup::`.

    Verdicts are outside of the groups, because GitHub folds a group as soon as it ends.
    """

    def __init__(self, stream: TextIO, now: Callable[[], datetime]) -> None:
        self._stream = stream
        self._plain = PlainProgress(stream, now)
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def __call__(self, event: Event) -> None:
        match event:
            case Claimed(deployment, plan) if plan:
                self._end()
                self._begin(deployment)
            case RollingBack() | Settled():
                self._end()
        self._plain(event)

    def _begin(self, deployment: Deployment) -> None:
        release, environment = short_id(deployment.release_id), one_line(deployment.environment)
        what = f"Deploying release {release} to {environment}"
        if deployment.kind is Kind.ROLLBACK:
            what = f"Rolling back {environment} to release {release}"
        self._write(f"::group::{what}")
        self._open = True

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._write("::endgroup::")

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()
