"""Renders events as lines of text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.events import (
    Claimed,
    EcsRollbackRequested,
    Event,
    Notice,
    PollFailed,
    Progress,
    RollingBack,
    ServiceRedeployed,
    ServiceSettled,
    Settled,
    Settling,
    StepFinished,
    StepOutput,
    StepStarted,
    TagMoved,
    TagPutBack,
    Waiting,
)
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Action, Plan, PlannedImage
from weco_deploy.report.outcomes import Line, counts, mark, outcome_in_a_line, service_name, verdict
from weco_deploy.report.screen import Symbols
from weco_deploy.report.step_lines import step_lines, step_name
from weco_deploy.report.untrusted import log_line, one_line
from weco_deploy.report.wording import count, duration, listed, short_id, version_names


def event_lines(event: Event, symbols: Symbols) -> tuple[Line, ...]:
    """The event as a line, followed by the lines of a log if a step failed.

    A service that failed has one line, with the reason: its evidence follows in the result.
    """
    match event:
        case Progress():
            return (Line(0, _progress(event)),)
        case ServiceSettled(outcome=outcome, at=at, since=since):
            text = f"{mark(outcome.status, symbols)} {outcome_in_a_line(outcome)}"
            # `confirm-deploy` finds most services settled as soon as it begins to watch.
            waited = f" (after {duration(at - since)})" if at - since >= timedelta(seconds=1) else ""
            return (Line(0, f"{text}{waited}"),)
        case Settled(deployment):
            return (Line(0, _settled(deployment, symbols)),)
        case Claimed(deployment, plan):
            return (Line(0, _claimed(deployment, plan)),) if plan else ()
        case RollingBack(failed, release_id):
            return (Line(0, f"{verdict(failed, symbols)}; rolling back to release {short_id(release_id)}"),)
        case Settling(deployment):
            return (Line(0, _settling(deployment)),)
        case TagMoved() | TagPutBack():
            return (Line(0, _tag(event, symbols)),)
        case StepStarted() | StepOutput() | StepFinished():
            return _step(event, symbols)
        case ServiceRedeployed() | EcsRollbackRequested():
            return (Line(0, _requested(event)),)
        case PollFailed(message):
            return (Line(0, f"could not look at the services, will try again: {one_line(message)}"),)
        case Waiting(message) | Notice(message):
            return (Line(0, one_line(message)),)


def _requested(event: ServiceRedeployed | EcsRollbackRequested) -> str:
    name = service_name(event.service_id, event.key)
    if isinstance(event, EcsRollbackRequested):
        return f"{name}: ECS rolls its deployment in progress back"
    return f"{name}: ECS redeploys it as {one_line(event.ecs_deployment_id)}"


def _claimed(deployment: Deployment, plan: Plan) -> str:
    watched = sum(service.action is Action.ADOPT for service in plan.services)
    tasks = [task.id for task in plan.tasks if task.waits]
    parts = [
        f"{count(len(plan.moves), 'tag')} to move",
        *([f"{listed(tasks)} to run"] if tasks else []),
        f"{count(len(plan.redeploys), 'service')} to redeploy",
        *([f"{watched} to watch"] if watched else []),
    ]
    kind = "" if deployment.kind is Kind.DEPLOY else f" ({deployment.kind.value})"
    return (
        f"deployment {short_id(deployment.deployment_id)}{kind} is recorded: "
        f"release {short_id(deployment.release_id)} to {one_line(deployment.environment)}, "
        + (", ".join(parts) if plan.changes else "nothing to do")
    )


def _settling(deployment: Deployment) -> str:
    return (
        f"an earlier deployment, {short_id(deployment.deployment_id)} of release {short_id(deployment.release_id)}, "
        f"was cut off: it is settled as {deployment.status.value}"
    )


def _settled(deployment: Deployment, symbols: Symbols) -> str:
    numbers = counts(outcome.status for outcome in deployment.services)
    text = f"{verdict(deployment, symbols)}: {numbers}"
    rollback = deployment.rollback
    if rollback is None or rollback.status is DeploymentStatus.SUCCEEDED:
        return text
    return f"{text}; the rollback did not succeed: {counts(outcome.status for outcome in rollback.services)}"


def _tag(event: TagMoved | TagPutBack, symbols: Symbols) -> str:
    match event:
        case TagMoved(image):
            return _moved(image, symbols)
        case TagPutBack(image, error):
            return _put_back(image, error, symbols)


def _step(event: StepStarted | StepOutput | StepFinished, symbols: Symbols) -> tuple[Line, ...]:
    match event:
        case StepStarted(step, resumed):
            began = "goes on: an earlier deployment began it" if resumed else "began"
            return (Line(0, f"{step_name(step)} {began}"),)
        case StepOutput(step_id, lines):
            return tuple(Line(0, f"{one_line(step_id)} | {log_line(line)}".rstrip()) for line in lines)
        case StepFinished(step):
            # Its log was shown line by line.
            return step_lines(replace(step, log_lines=()), symbols)


def _moved(image: PlannedImage, symbols: Symbols) -> str:
    old, new = version_names(image.from_commit, image.from_digest, image.to_commit, image.manifest.digest)
    return f"{one_line(image.image_id)}: {one_line(image.tag)} moved, {old} {symbols.arrow} {new}"


def _put_back(image: PlannedImage, error: str, symbols: Symbols) -> str:
    old, new = version_names(image.from_commit, image.from_digest, image.to_commit, image.manifest.digest)
    name = f"{one_line(image.image_id)}: {one_line(image.tag)}"
    if error:
        return f"{symbols.bad} {name} could not be put back to {old}: {one_line(error)}"
    return f"{name} put back, {new} {symbols.arrow} {old}"


def _progress(event: Progress) -> str:
    state = one_line(event.state)
    tasks = f"{one_line(event.outcome.service_id)}: {event.running}/{event.desired} new running"
    return f"{tasks}{', ' if state else ''}{state} ({duration(event.at - event.since)})"
