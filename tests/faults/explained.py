"""Whether the text on a service that did not succeed explains it: by a container with its exit code, or in ECS's words.

The text is what people read, not the fields of the record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from tests.faults.truth import LAG, Truth, as_of, ended_at, exited_by_itself
from weco_deploy.model.deployment import ServiceOutcome, ServiceStatus
from weco_deploy.report.outcomes import outcome_lines
from weco_deploy.report.screen import FILE
from weco_deploy.sandbox.ecs.state import Json

TROUBLE = ("was unable to", "failed to", "is unable to", "unhealthy")
"""Words of ECS's events that report trouble."""


def text_of(outcome: ServiceOutcome) -> str:
    return "\n".join(line.text for line in outcome_lines(outcome, FILE))


def unexplained(outcome: ServiceOutcome, truth: Truth, polled: datetime) -> str:
    """What the text on a service that did not succeed lacks; empty if it says enough. It was last read at `polled`."""
    text = text_of(outcome)
    if not outcome.reason:
        return "no reason"
    match outcome.status:
        case ServiceStatus.SUPERSEDED:
            images = (container["image"] for container in truth.service.definition.containers)
            named = any(words in text for words in (*images, *(found.id for found in truth.deployments())))
            return "" if named else "neither the id of what took over nor its images"
        case ServiceStatus.FAILED:
            named = _names_exits(text, truth) or any(words in text for words in _words_of_ecs(truth))
            other = truth.runs_another_digest() and "not the release's" in text
            unread = "can't be read" in text and "too many requests" in text
            return "" if named or other or unread else "neither container and exit code nor ECS's reason"
        case ServiceStatus.IN_PROGRESS:
            return _unexplained_wait(outcome, text, truth, polled)
    return ""


def _unexplained_wait(outcome: ServiceOutcome, text: str, truth: Truth, polled: datetime) -> str:
    exits = [task for task in truth.failures() if exited_by_itself(task) and ended_at(task) <= polled - LAG]
    if exits and not truth.recovered(timedelta(0)) and not _names_exits(text, truth):
        return "no container with its exit code, though tasks exited"
    for beginning, is_true in STATES.items():
        if outcome.reason.startswith(beginning):
            views = [as_of(truth.service, at) for at in truth.moments(LAG, polled)]
            shown = [view for view in views if view is not None]
            return "" if any(map(is_true, shown)) else f"{beginning!r} was not so"
    return ""


def _starting(view: Json) -> bool:
    return not view["deployments"] or view["deployments"][0]["runningCount"] < view["desiredCount"]


def _settling(view: Json) -> bool:
    return bool(view["deployments"]) and view["deployments"][0].get("rolloutState") != "COMPLETED"


STATES: Mapping[str, Callable[[Json], bool]] = {
    "starting": _starting,
    "settling": _settling,
    "baking": _settling,
    "scaling to nothing": lambda view: view["desiredCount"] == 0,
    "the service was deleted": lambda view: view["status"] != "ACTIVE",
}
"""Beginnings of the reasons for a service still to be in progress, and when they are true."""


def _names_exits(text: str, truth: Truth) -> bool:
    return any(
        re.search(rf"\b{re.escape(container.name)}\b.*\b{container.exit_code}\b", text)
        for task in truth.tasks()
        for container in exited_by_itself(task)
    )


def _words_of_ecs(truth: Truth) -> Iterator[str]:
    service = truth.service
    for task in (task for task in truth.failures() if not exited_by_itself(task)):
        yield task.stopped_reason
    for record in service.service_deployments:
        yield record.reason or record.status
    for deployment in truth.deployments():
        if deployment.state == "FAILED":
            yield deployment.reason
    for event in service.events:
        words = str(event["message"]).partition(") ")[2]
        if any(trouble in words for trouble in TROUBLE):
            yield words
