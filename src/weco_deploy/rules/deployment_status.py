"""Decides the status of a deployment and its services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from weco_deploy.model.deployment import (
    GOOD,
    SETTLED,
    Deployment,
    DeploymentStatus,
    ServiceOutcome,
    ServiceStatus,
    reasons,
)
from weco_deploy.model.expected import Expected
from weco_deploy.model.plan import PlannedService, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.model.rollout_check import CHECKS
from weco_deploy.model.steps import GOOD_STEPS, WAVE, StepOutcome, StepStatus
from weco_deploy.rules.digests import Match, all_described
from weco_deploy.rules.rollout.steady_state import in_steady_state
from weco_deploy.rules.running import evidence, expected_images
from weco_deploy.rules.tag_drift import deployed_digests, drifted_tags

_UNSUCCESSFUL = frozenset({DeploymentStatus.FAILED, DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED})


def verdict(services: Iterable[ServiceOutcome]) -> DeploymentStatus:
    """The deployment's status when watching its services ends."""
    statuses = [service.status for service in services]
    if any(status in SETTLED - GOOD for status in statuses):
        return DeploymentStatus.FAILED
    if all(status in GOOD for status in statuses):
        return DeploymentStatus.SUCCEEDED
    return DeploymentStatus.TIMED_OUT


def remark(services: Sequence[ServiceOutcome], steps: Iterable[StepOutcome] = ()) -> str:
    """What to say about a success that proves little, or in spite of an advisory check."""
    failed = ", ".join(step.id for step in steps if step.bad and step.advisory)
    return reasons(
        "nothing is running" if nothing_runs(services) else "",
        f"{failed} did not succeed, which is only advisory" if failed else "",
    )


def nothing_runs(services: Sequence[ServiceOutcome]) -> bool:
    """Whether there are services, and all of them are scaled to zero."""
    return bool(services) and all(service.status is ServiceStatus.NOTHING_RUNNING for service in services)


def not_redeployed(services: Iterable[ServiceOutcome]) -> tuple[str, ...]:
    """The services that ECS was not told to redeploy, because it refused. That says nothing about their images."""
    return tuple(
        service.service_id
        for service in services
        if service.status is ServiceStatus.FAILED and not service.ecs_deployment_id
    )


def half_deployed(services: Sequence[ServiceOutcome]) -> str:
    """What to say of an environment in which some services have the release, and others were not redeployed; else empty."""
    refused = not_redeployed(services)
    released = [
        service.service_id
        for service in services
        if service.ecs_deployment_id
        and service.status not in (ServiceStatus.FAILED, ServiceStatus.SUPERSEDED)
    ]
    if not refused or not released:
        return ""
    return (
        f"half deployed: {', '.join(refused)} still {'runs' if len(refused) == 1 else 'run'} what ran before, "
        f"{', '.join(released)} {'has' if len(released) == 1 else 'have'} the release; "
        "the same command again goes on where this one stopped"
    )


def ahead_of_services(deployment: Deployment) -> str:
    """What to say of services that were not started, although the tags of their images have moved; else empty."""
    waiting = [service for service in deployment.services if service.status is ServiceStatus.NOT_STARTED]
    used = {image_id for service in waiting for image_id in service.images}
    ahead = [
        image_id for image_id, change in deployment.images.items() if image_id in used and change.applied
    ]
    if not ahead:
        return ""
    return (
        f"{', '.join(service.service_id for service in waiting)} "
        f"{'was not started and still runs' if len(waiting) == 1 else 'were not started and still run'} what ran before, "
        f"but the {'tag' if len(ahead) == 1 else 'tags'} of {', '.join(ahead)} {'stays' if len(ahead) == 1 else 'stay'} moved: "
        f"if somebody restarts {'it, it gets' if len(waiting) == 1 else 'them, they get'} the release"
    )


def status_if_left_alone(service: PlannedService) -> ServiceStatus:
    """The status of a service that is left alone. A service that is scaled to zero runs nothing, which is no success."""
    return ServiceStatus.UNCHANGED if service.desired else ServiceStatus.NOTHING_RUNNING


def replaces_verdict(recorded: DeploymentStatus, observed: DeploymentStatus) -> bool:
    """Whether the status observed later replaces the recorded verdict.

    | recorded                       | observed later | replaced                                   |
    |--------------------------------|----------------|--------------------------------------------|
    | failed, timed out, interrupted | succeeded      | yes                                        |
    | timed out, interrupted         | failed         | yes                                        |
    | interrupted                    | timed out      | yes                                        |
    | failed                         | failed         | no: the record keeps its reasons           |
    """
    if observed is DeploymentStatus.SUCCEEDED:
        return recorded in _UNSUCCESSFUL
    if observed is DeploymentStatus.TIMED_OUT:
        return recorded is DeploymentStatus.INTERRUPTED
    unfinished = recorded in (DeploymentStatus.TIMED_OUT, DeploymentStatus.INTERRUPTED)
    return observed is DeploymentStatus.FAILED and unfinished


def status_when_cut_off(deployment: Deployment, project: Project, observed: Snapshot) -> DeploymentStatus:
    """The status to record for a deployment whose holder died: succeeded if all of it runs and its steps succeeded, else interrupted.

    A service that nobody watched to its end does not count as running: at a single moment a crash loop looks healthy.

    An image that was not observed, because a later release lacks it, does not count as running.
    """
    digests = deployed_digests(deployment)
    all_observed = digests.keys() <= observed.images.keys()
    if not digests or not all_observed or drifted_tags(digests, observed) or unsuccessful_steps(deployment):
        return DeploymentStatus.INTERRUPTED
    expected = expected_images(project, project.environment(deployment.environment), digests, observed)
    all_run = all(_runs(outcome, expected, observed) for outcome in deployment.services)
    return DeploymentStatus.SUCCEEDED if all_run else DeploymentStatus.INTERRUPTED


def unsuccessful_steps(deployment: Deployment) -> tuple[str, ...]:
    """The ids of the steps that had to succeed and did not, or are not known to have. What waves did, their services tell."""
    return tuple(
        step.id
        for step in deployment.steps
        if step.kind != WAVE and step.status not in GOOD_STEPS and not step.advisory
    )


def status_by_steps(deployment: Deployment, *, goes_on: bool) -> tuple[DeploymentStatus, str]:
    """The status, and why, of a deployment whose services are all good and some of whose steps did not succeed.

    `goes_on` says that its process still lives, so that a step that has not ended is no failure.
    """
    unsuccessful = unsuccessful_steps(deployment)
    names = ", ".join(unsuccessful)
    if goes_on and not any(step.bad for step in deployment.steps if step.id in unsuccessful):
        return DeploymentStatus.TIMED_OUT, f"all services run the release, but {names} has not ended yet"
    checks = any(step.kind == CHECKS for step in deployment.steps if step.id in unsuccessful)
    remedy = "; `verify` runs checks again" if checks else ""
    return (
        DeploymentStatus.FAILED,
        f"all services run the release, but {names} is not known to have succeeded{remedy}",
    )


def steps_when_cut_off(steps: Iterable[StepOutcome]) -> tuple[StepOutcome, ...]:
    """The steps of a deployment whose holder died. What it had begun is left to the next deployment."""
    return tuple(
        replace(step, status=StepStatus.UNKNOWN, detail=_cut_off(step))
        if step.status is StepStatus.RUNNING
        else step
        for step in steps
    )


def _cut_off(step: StepOutcome) -> str:
    then = "runs it again" if step.kind == CHECKS else "goes on with it"
    return f"the deployment was cut off while it ran; the next one {then}"


def outcomes_when_cut_off(deployment: Deployment, observed: Snapshot) -> tuple[ServiceOutcome, ...]:
    """The services of a deployment whose holder died, and of which all runs (`status_when_cut_off`)."""
    return tuple(
        outcome if outcome.settled else replace(outcome, status=_status_of_running(outcome, observed))
        for outcome in deployment.services
    )


def _status_of_running(outcome: ServiceOutcome, observed: Snapshot) -> ServiceStatus:
    (view,) = observed.services[outcome.service_id]
    return ServiceStatus.SUCCEEDED if view.service.desired else ServiceStatus.NOTHING_RUNNING


def _runs(outcome: ServiceOutcome, expected: Mapping[str, Expected], observed: Snapshot) -> bool:
    if outcome.status in SETTLED - GOOD:
        return False
    views = observed.services.get(outcome.service_id, ())
    if len(views) != 1 or (views[0].service.desired and not outcome.settled):
        return False
    images = tuple(expected[image_id] for image_id in outcome.images if image_id in expected)
    finding = evidence(views[0], images, observed.resolved.get(outcome.key, ()), None)
    return finding.match is Match.RIGHT and in_steady_state(views[0].service) and all_described(views[0])
