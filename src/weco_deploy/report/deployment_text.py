"""The summary of a deployment: the verdict, the counts, each service that did not succeed, and the next commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from weco_deploy.model.deployment import GOOD, Deployment, DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.direction import Direction
from weco_deploy.report.console import console_links
from weco_deploy.report.next_steps import NextStep, Request, next_steps
from weco_deploy.report.outcomes import counts, draining_texts, essential, outcome_lines, verdict
from weco_deploy.report.page import BOLD, WARNING_STYLE, Page, status_style, step_style
from weco_deploy.report.runs_now import runs_now
from weco_deploy.report.screen import Screen
from weco_deploy.report.step_lines import step_line, step_lines
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count, direction_text, listed


def deployment_text(
    deployment: Deployment, screen: Screen, options: Sequence[str] = (), request: Request = None
) -> str:
    """The summary of a deployment. The suggested commands repeat the global `options` and the flags of `request`."""
    page = Page(screen)
    add_summary(page, deployment, screen)
    _add_failures_in_short(page, deployment, screen)
    if deployment.rollback:
        page.line()
        page.line("Rollback:", BOLD)
        add_summary(page, deployment.rollback, screen)
        _add_failures_in_short(page, deployment.rollback, screen)
    add_runs_now(page, deployment)
    add_next_steps(page, next_steps(deployment, options, request))
    return page.text()


def add_runs_now(page: Page, deployment: Deployment, heading: str = "Runs now") -> None:
    """Add what runs after a deployment that did not succeed, as of its end."""
    lines = runs_now(deployment)
    if lines:
        page.line()
        page.line(f"{heading}:", BOLD)
    for line in lines:
        page.line(line, indent=2)


def add_next_steps(page: Page, steps: Sequence[NextStep]) -> None:
    """Add the commands to copy, if there are any."""
    if steps:
        page.line()
        page.line("Next:", BOLD)
    for step in steps:
        page.line(f"{step.when}:", indent=2)
        page.unwrapped(step.command, indent=4)


def add_summary(page: Page, deployment: Deployment, screen: Screen) -> None:
    """Add the verdict, the counts, and what concerns the whole deployment."""
    page.line(verdict(deployment, screen.symbols), status_style(deployment.status))
    page.line(counts(outcome.status for outcome in deployment.services), indent=2)
    if _had_nothing_to_do(deployment):
        page.line(
            "nothing to do: all tags, and all services that were found, had this release already", indent=2
        )
    if deployment.reason:
        page.line(one_line(deployment.reason), indent=2)
    page.line(f"deployment {one_line(deployment.deployment_id)}", indent=2)
    if deployment.gate_override:
        page.line(f"the gate was passed by hand: {one_line(deployment.gate_override)}", indent=2)
    _steps(page, deployment, screen)
    _tags(page, deployment)
    _directions(page, deployment)
    _nothing_running(page, deployment)
    _draining(page, deployment, screen)
    _left_out(page, deployment)


def add_failures(page: Page, deployment: Deployment, screen: Screen) -> None:
    """Add the steps and services that did not succeed, with all failures; services that failed alike together."""
    add_bad_steps(page, deployment, screen)
    complete = {outcome.key: outcome for outcome in deployment.services}
    for first, *others in alike_failures(deployment):
        _add_alike(page, complete[first.key], others, screen)


def _add_failures_in_short(page: Page, deployment: Deployment, screen: Screen) -> None:
    """Add the steps and services that did not succeed: what explains it, and services that failed alike together.

    So an image that thirty services share, or a release that fails everywhere, fits on a screen. `show-deployment` also shows
    the events by which ECS repeats the failures.
    """
    add_bad_steps(page, deployment, screen)
    for first, *others in alike_failures(deployment):
        _add_alike(page, first, others, screen)


def _add_alike(page: Page, first: ServiceOutcome, others: Sequence[ServiceOutcome], screen: Screen) -> None:
    _add_failure(page, first, screen)
    if others:
        names = listed([outcome.service_id for outcome in others])
        page.line(f"the same with {count(len(others), 'more service')}: {names}", indent=4)


def alike_failures(deployment: Deployment) -> list[list[ServiceOutcome]]:
    """The services that did not succeed, with their essential failures, in groups that failed alike; last what was not started."""
    alike: dict[object, list[ServiceOutcome]] = {}
    for outcome in deployment.bad_services:
        short = replace(outcome, failures=essential(outcome.failures))
        alike.setdefault(_explanation(short), []).append(short)
    return sorted(alike.values(), key=lambda group: group[0].status is ServiceStatus.NOT_STARTED)


def add_bad_steps(page: Page, deployment: Deployment, screen: Screen) -> None:
    """Add the steps that failed, each with its log."""
    for step in deployment.steps:
        if step.bad:
            page.line()
            for line in step_lines(step, screen.symbols):
                page.line(line.text, step_style(step.status) if line.indent == 0 else "", line.indent)


def _explanation(outcome: ServiceOutcome) -> object:
    """What is the same for services that failed alike. Different log lines may have different causes."""
    failures = tuple(
        (failure.kind, failure.cause, failure.container, failure.exit_code, failure.log_lines)
        for failure in outcome.failures
    )
    images = () if outcome.status is ServiceStatus.NOT_STARTED else outcome.images
    return images, outcome.status, outcome.reason, failures, outcome.draining


def _add_failure(page: Page, outcome: ServiceOutcome, screen: Screen) -> None:
    page.line()
    for line in outcome_lines(outcome, screen):
        page.line(line.text, status_style(outcome.status) if line.indent == 0 else "", line.indent)
    if outcome.status in _LINKED:
        _links(page, outcome)


_LINKED = frozenset({ServiceStatus.FAILED, ServiceStatus.IN_PROGRESS, ServiceStatus.UNVERIFIED})


def _had_nothing_to_do(deployment: Deployment) -> bool:
    return (
        deployment.status is DeploymentStatus.SUCCEEDED
        and not any(change.tag_moved for change in deployment.images.values())
        and all(outcome.status is ServiceStatus.UNCHANGED for outcome in deployment.services)
    )


def _links(page: Page, outcome: ServiceOutcome) -> None:
    links = console_links(outcome.key)
    if links is not None:
        page.unwrapped(f"service: {links.service}", indent=4)
        page.unwrapped(f"logs:    {links.logs}", indent=4)


def _steps(page: Page, deployment: Deployment, screen: Screen) -> None:
    """The steps that are not bad. Those that are follow the summary, with their logs."""
    for step in deployment.steps:
        if not step.bad:
            page.line(step_line(step, screen.symbols), step_style(step.status), indent=2)


def _tags(page: Page, deployment: Deployment) -> None:
    moved = sum(change.tag_moved for change in deployment.images.values())
    if moved:
        page.line(f"{count(moved, 'tag')} moved", indent=2)
    left = [image_id for image_id, change in deployment.images.items() if not change.applied]
    if left and deployment.status is not DeploymentStatus.UNVERIFIED:
        page.line(f"tags that do not point at this release ({len(left)}): {listed(left)}", indent=2)


def _directions(page: Page, deployment: Deployment) -> None:
    """The images that were deployed although they don't certainly move forward in git's history."""
    concerning: dict[str, list[str]] = {}
    for image_id, change in deployment.images.items():
        match change.direction if change.tag_moved else None:
            case Direction.BEHIND | Direction.DIVERGED as direction:
                detail = direction_text(direction, change.commits)
                concerning.setdefault("went backwards", []).append(f"{image_id} ({detail})")
            case Direction.OFF_BRANCH:
                concerning.setdefault("off branch", []).append(image_id)
            case Direction.UNKNOWN:
                concerning.setdefault("direction unknown", []).append(image_id)
    for words, images in concerning.items():
        page.line(f"{words} ({len(images)}): {listed(images)}", WARNING_STYLE, indent=2)


def _left_out(page: Page, deployment: Deployment) -> None:
    """What the deployment did without, which a success does not cover."""
    if not deployment.left_out:
        return
    page.line(f"left out ({len(deployment.left_out)}):", WARNING_STYLE, indent=2)
    for left in deployment.left_out:
        page.line(f"! {one_line(left.reason)}", WARNING_STYLE, indent=4)


def _draining(page: Page, deployment: Deployment, screen: Screen) -> None:
    """The old tasks that keep running beside a release that succeeded."""
    for outcome in deployment.services:
        if outcome.status in GOOD:
            for text in draining_texts(outcome, screen):
                page.line(f"{one_line(outcome.service_id)}: {text}", indent=2)


def _nothing_running(page: Page, deployment: Deployment) -> None:
    idle = [
        service.service_id
        for service in deployment.services
        if service.status is ServiceStatus.NOTHING_RUNNING
    ]
    if idle:
        page.line(f"nothing running, so nothing was verified ({len(idle)}): {listed(idle)}", indent=2)
