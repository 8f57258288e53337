"""Picks the events of a service that explain trouble. They are shown to people, and decide nothing.

ECS's wording is no contract, so an event reports trouble if it contains any of the words that ECS uses for trouble.
"""

from __future__ import annotations

import re
from datetime import datetime

from weco_deploy.model.service import Service, ServiceEvent

_TROUBLE = re.compile(
    r"(?i)unable|fail|error|unhealthy|throttl|roll(?:ing|ed) back|denied|not authorized|not exist|not found|"
    r"insufficient|exceed|cannot|can't|could not|timed out|misconfigured|interrupt"
)
_NAME = re.compile(r"\((?:service|target-group|task|taskSet|instance|deployment|elb)\b[^)]*\)")
_STEADY = re.compile(r"has reached a steady state|deployment completed")
_CONCLUSION = re.compile(r"(?i)deployment failed|roll(?:ing|ed) back|unable to consistently start tasks")
"""What ECS says once it has given up, after the events that tell why."""
_PROGRESS = re.compile(rf"has started \d+ tasks|{_STEADY.pattern}")
_DEPLOYMENT = re.compile(r"\(deployment (ecs-svc/\d+)\)")
_IDENTIFIER = re.compile(r"\b[0-9a-f]{8,}\b|\d+")


def explaining(
    service: Service, deployment_id: str, created_at: datetime, most: int
) -> tuple[ServiceEvent, ...]:
    """The newest events that report trouble of the ECS deployment, which was created at `created_at` by AWS's clock.

    Of events that differ only in identifiers and numbers, such as the task, the newest is given. If the newest events only say
    that ECS gave up, the last one gives way to the newest that tells why.
    """
    alike: dict[str, ServiceEvent] = {}
    for event in _of_deployment(service, deployment_id, created_at):
        if _reports_trouble(event):
            alike.setdefault(_IDENTIFIER.sub("#", event.message), event)
    found = tuple(alike.values())
    shown = found[:most]
    if all(concludes(event.message) for event in shown):
        causes = [event for event in found[most:] if not concludes(event.message)]
        shown = (*shown[: most - 1], causes[0]) if causes else shown
    return shown


def present_trouble(service: Service, deployment_id: str, created_at: datetime, *, starting: bool) -> str:
    """What the newest event that reports trouble says; empty if ECS has got over it since.

    ECS has got over it when it reports a steady state or, unless tasks are still starting, when it started a task.
    """
    got_over = _STEADY if starting else _PROGRESS
    for event in _of_deployment(service, deployment_id, created_at):
        if _reports_trouble(event):
            # ECS gives the reason in a second sentence, "Reason: …", and then points to its guide.
            return event.message.partition(" For more information")[0].removesuffix(".")
        if got_over.search(event.message):
            return ""
    return ""


def concludes(message: str) -> bool:
    """Whether an event's message says that ECS gave up, and not why."""
    return bool(_CONCLUSION.search(message))


def _reports_trouble(event: ServiceEvent) -> bool:
    """Whether the event has a word for trouble outside of names, such as `(service error-reports)`."""
    return bool(_TROUBLE.search(_NAME.sub("", event.message)))


def _of_deployment(service: Service, deployment_id: str, created_at: datetime) -> list[ServiceEvent]:
    """The events since the deployment was created, without those that name another deployment; newest first.

    ECS may round times to seconds.
    """
    since = created_at.replace(microsecond=0)
    return [
        event
        for event in service.events
        if event.at >= since and all(found == deployment_id for found in _DEPLOYMENT.findall(event.message))
    ]
