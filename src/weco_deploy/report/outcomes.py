"""The lines for the results of a deployment and its services, which progress and summaries share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from weco_deploy.model.arn import resource_name
from weco_deploy.model.deployment import (
    GOOD,
    Deployment,
    DeploymentStatus,
    Failure,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.draining import StaysBecause
from weco_deploy.model.kind import Kind
from weco_deploy.model.service import ServiceKey
from weco_deploy.report.screen import Screen, Symbols
from weco_deploy.report.untrusted import log_line, one_line
from weco_deploy.report.wording import count, deadline, duration, short_id

STATUS_WORDS = {
    ServiceStatus.SUCCEEDED: "succeeded",
    ServiceStatus.FAILED: "failed",
    ServiceStatus.SUPERSEDED: "superseded by another deployment",
    ServiceStatus.UNCHANGED: "unchanged",
    ServiceStatus.NOTHING_RUNNING: "nothing running",
    ServiceStatus.IN_PROGRESS: "still in progress",
    ServiceStatus.PENDING: "not begun",
    ServiceStatus.UNVERIFIED: "unverified",
    ServiceStatus.NOT_STARTED: "not started",
}
_COUNTED = {
    ServiceStatus.FAILED: "failed",
    ServiceStatus.SUPERSEDED: "superseded",
    ServiceStatus.UNVERIFIED: "unverified",
    ServiceStatus.IN_PROGRESS: "still in progress",
    ServiceStatus.PENDING: "not begun",
    ServiceStatus.NOT_STARTED: "not started",
    ServiceStatus.SUCCEEDED: "succeeded",
    ServiceStatus.UNCHANGED: "unchanged",
    ServiceStatus.NOTHING_RUNNING: "with nothing running",
}

_REPETITION = re.compile(
    r"rolling back to deployment|deployment failed: tasks failed to start|unable to consistently start tasks"
)

_VERDICTS = {
    DeploymentStatus.IN_PROGRESS: "is still in progress",
    DeploymentStatus.SUCCEEDED: "succeeded",
    DeploymentStatus.FAILED: "failed",
    DeploymentStatus.TIMED_OUT: "ran out of waiting time",
    DeploymentStatus.INTERRUPTED: "was interrupted",
    DeploymentStatus.ROLLED_BACK: "failed and was rolled back",
    DeploymentStatus.UNVERIFIED: "was recorded without a verdict",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; `indent` in columns."""

    indent: int
    text: str


def counts(statuses: Iterable[ServiceStatus]) -> str:
    """`1 failed, 12 succeeded, 3 unchanged`, with failures first; `no services` if there are none."""
    numbers = Counter(statuses)
    parts = [f"{numbers[status]} {word}" for status, word in _COUNTED.items() if numbers[status]]
    return ", ".join(parts) or "no services"


def verdict(deployment: Deployment, symbols: Symbols) -> str:
    """`✗ Release 8f14e45f to prod failed after 3 min 12 s`."""
    release, environment = short_id(deployment.release_id), one_line(deployment.environment)
    subject = f"Release {release} to {environment}"
    if deployment.kind is Kind.ROLLBACK:
        subject = f"Rollback of {environment} to release {release}"
    ended = "was superseded" if deployment.superseded else _VERDICTS[deployment.status]
    text = f"{verdict_mark(deployment.status, symbols)} {subject} {ended}"
    if deployment.took is None or deployment.superseded:
        return text  # it ended before others took over: its duration is not that of being superseded
    return f"{text} after {duration(deployment.took)}"


def verdict_mark(status: DeploymentStatus, symbols: Symbols) -> str:
    match status:
        case DeploymentStatus.SUCCEEDED:
            return symbols.good
        case DeploymentStatus.IN_PROGRESS:
            return symbols.moving
        case DeploymentStatus.UNVERIFIED:
            return symbols.quiet
        case _:
            return symbols.bad


def mark(status: ServiceStatus, symbols: Symbols) -> str:
    if status is ServiceStatus.SUCCEEDED:
        return symbols.good
    if status in GOOD:
        return symbols.quiet
    return symbols.bad if status in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED) else symbols.moving


def service_name(service_id: str, key: ServiceKey) -> str:
    """The service id, and the ECS service's cluster and name, which people need to find it."""
    return f"{one_line(service_id)} ({one_line(str(key))})"


def outcome_lines(outcome: ServiceOutcome, screen: Screen, *, log_locations: bool = True) -> tuple[Line, ...]:
    """The lines for a service: its result, its old tasks that keep running, then all of its failures."""
    evidence = (
        line
        for failure in outcome.failures
        for line in _failure_lines(failure, outcome.reason, log_location=log_locations)
    )
    return _head(outcome, screen.symbols), *_draining_lines(outcome, screen), *evidence


def essential(failures: Sequence[Failure]) -> tuple[Failure, ...]:
    """The failures without the events by which ECS only repeats that tasks failed, if a failed task is among them.

    ECS's wording is no contract: an event in other words is kept.
    """
    if not any(failure.kind == "task" for failure in failures):
        return tuple(failures)
    return tuple(
        failure for failure in failures if failure.kind != "event" or not _REPETITION.search(failure.message)
    )


def outcome_in_a_line(outcome: ServiceOutcome) -> str:
    """The service's result, and why: the exit code, the reason, what ECS said if there is no exit code, the last line of the log."""
    text = f"{service_name(outcome.service_id, outcome.key)} {STATUS_WORDS[outcome.status]}"
    why = "; ".join(_why(outcome))
    return f"{text}: {why}" if why else text


def exited(outcome: ServiceOutcome) -> str:
    """`exit code 3`, or nothing if no container's exit code is known."""
    codes = (failure.exit_code for failure in outcome.failures if failure.exit_code is not None)
    return next((f"exit code {code}" for code in codes), "")


def _why(outcome: ServiceOutcome) -> Iterator[str]:
    if code := exited(outcome):
        yield code
    if outcome.reason:
        yield one_line(outcome.reason)
    if not code:
        yield from (one_line(failure.message) for failure in _unsaid(outcome)[:1])
    logged = next((lines for failure in outcome.failures if (lines := failure.log_lines)), ())
    yield from (f"log: {one_line(line).strip()}" for line in logged[-1:])


def _unsaid(outcome: ServiceOutcome) -> list[Failure]:
    """The failures whose messages the service's reason does not contain."""
    return [failure for failure in essential(outcome.failures) if failure.message not in outcome.reason]


def _head(outcome: ServiceOutcome, symbols: Symbols) -> Line:
    text = f"{mark(outcome.status, symbols)} {service_name(outcome.service_id, outcome.key)} {STATUS_WORDS[outcome.status]}"
    reason = one_line(outcome.reason)
    return Line(0, f"{text}: {reason}" if reason else text)


def _draining_lines(outcome: ServiceOutcome, screen: Screen) -> Iterator[Line]:
    return (Line(4, text) for text in draining_texts(outcome, screen))


def draining_texts(outcome: ServiceOutcome, screen: Screen) -> Iterator[str]:
    """`2 old tasks keep running until 2026-03-04 14:30 UTC at the latest (scale-in protection)`, and why else."""
    for why, remark in _STAYS.items():
        ends = [task.until for task in outcome.draining if task.why is why]
        if ends:
            known = [until for until in ends if until is not None]
            until = f" until {deadline(max(known), screen)} at the latest" if len(known) == len(ends) else ""
            verb = "keeps" if len(ends) == 1 else "keep"
            yield f"{count(len(ends), 'old task')} {verb} running{until} ({remark})"


_STAYS = {
    StaysBecause.SCALE_IN_PROTECTION: "scale-in protection",
    StaysBecause.EARLY_SUCCESS: "early success: ECS removes old tasks later",
}


def _failure_line(failure: Failure, reason: str) -> Line:
    """The failure, without what the service's reason says already."""
    where = ", ".join(_circumstances(failure))
    message = failure.message
    if where and failure.cause and failure.cause in reason:
        message = message.removeprefix(failure.cause).strip()
        return Line(4, " ".join(part for part in (where, one_line(message)) if part))
    return Line(4, ": ".join(part for part in (where, one_line(message)) if part) or one_line(failure.kind))


def _failure_lines(failure: Failure, reason: str, *, log_location: bool) -> Iterator[Line]:
    yield _failure_line(failure, reason)
    yield from _log(failure.log_lines)
    if log_location and failure.log_location:
        yield Line(6, f"log: {one_line(failure.log_location)}")


def _log(lines: Sequence[str]) -> Iterator[Line]:
    for line in lines:
        yield Line(6, f"| {log_line(line)}".rstrip())


def _circumstances(failure: Failure) -> Iterator[str]:
    if failure.task:
        yield f"task {one_line(resource_name(failure.task))}"
    if failure.container:
        yield f"container {one_line(failure.container)}"
    if failure.stop_code:
        yield one_line(failure.stop_code)
    if failure.exit_code is not None:
        yield f"exit code {failure.exit_code}"
