"""One deployment on one screen: what `show-deployment` prints on a terminal that the whole page does not fit.

The page answers, from top to bottom: how did it end, why, who deployed which commits, what runs now, which command comes next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import shorten

from weco_deploy.model.deployment import Deployment, ImageChange, ServiceOutcome
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.report.console import console_links
from weco_deploy.report.deployment_text import add_bad_steps, alike_failures
from weco_deploy.report.fitting import VERBOSE_SHOWS_ALL
from weco_deploy.report.next_steps import NextStep
from weco_deploy.report.outcomes import counts, outcome_lines, verdict
from weco_deploy.report.page import BOLD, DIM, Page, status_style
from weco_deploy.report.runs_now import runs_now
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import (
    count,
    described,
    listed_briefly,
    moment,
    person,
    short_id,
    version_names,
)

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is shown: failures, the last lines of their logs, images that changed, next commands, characters of a reason."""

    failures: int
    log_lines: int
    images: int
    steps: int
    characters: int


LIMITS = (
    Limits(8, 10, 10, 3, 1_000),
    Limits(5, 5, 8, 3, 1_000),
    Limits(3, 5, 5, 2, 500),
    Limits(2, 3, 3, 1, 300),
    Limits(1, 2, 2, 1, 200),
    Limits(1, 2, 0, 1, 100),
)
"""From much to little."""


def deployment_in_short(
    details: DeploymentDetails, steps: Sequence[NextStep], screen: Screen, limits: Limits
) -> str:
    """The most important of a deployment. `steps` are the next commands, if nothing was deployed there since."""
    page = Page(screen)
    deployment = details.deployment
    _verdict(page, deployment, screen, limits)
    _origin(page, deployment, screen)
    _failures(page, deployment, screen, limits)
    _images(page, details, screen, limits.images)
    if deployment.rollback:
        page.line("Rollback:", BOLD)
        _verdict(page, deployment.rollback, screen, limits)
        _failures(page, deployment.rollback, screen, limits)
    if details.last is not None:
        page.line(
            f"Since then, last: {verdict(details.last, screen.symbols)}", status_style(details.last.status)
        )
    else:
        if running := runs_now(deployment):
            page.line(f"Ran when it ended: {'; '.join(running)}")
        _next(page, steps[: limits.steps])
    page.line(VERBOSE_SHOWS_ALL, DIM)
    return page.text()


def _verdict(page: Page, deployment: Deployment, screen: Screen, limits: Limits) -> None:
    page.line(verdict(deployment, screen.symbols), status_style(deployment.status))
    page.line(counts(outcome.status for outcome in deployment.services), indent=2)
    if deployment.reason:
        page.line(_cut(deployment.reason, limits, screen), indent=2)


def _cut(reason: str, limits: Limits, screen: Screen) -> str:
    """The beginning of a reason, without half words."""
    return shorten(one_line(reason), limits.characters, placeholder=f" {screen.symbols.ellipsis}")


def _origin(page: Page, deployment: Deployment, screen: Screen) -> None:
    begun = f"begun {moment(deployment.date_created, screen)}"
    who = f"{deployment.kind.value} {short_id(deployment.deployment_id)} by {person(deployment.requested_by)}, {begun}"
    description = described(deployment.description)
    page.line(f"{who}: {description}" if description else who, indent=2)
    if deployment.build_url:
        page.unwrapped(f"build {one_line(deployment.build_url)}", indent=2)


def _failures(page: Page, deployment: Deployment, screen: Screen, limits: Limits) -> None:
    add_bad_steps(page, deployment, screen)
    alike = alike_failures(deployment)
    for first, *others in alike[: limits.failures]:
        _failure(page, first, screen, limits)
        if others:
            names = listed_briefly([outcome.service_id for outcome in others], _NAMES_SHOWN)
            page.line(f"the same with {count(len(others), 'more service')}: {names}", indent=4)
    if rest := [outcome for outcomes in alike[limits.failures :] for outcome in outcomes]:
        page.line(
            f"{count(len(rest), 'more service')} failed otherwise, such as {one_line(rest[0].service_id)}"
        )


def _failure(page: Page, outcome: ServiceOutcome, screen: Screen, limits: Limits) -> None:
    """The service with its failures, and a link to its logs only where no line of a log is shown."""
    failures = tuple(
        replace(failure, log_lines=failure.log_lines[-limits.log_lines :]) for failure in outcome.failures
    )
    shown = replace(outcome, reason=_cut(outcome.reason, limits, screen), failures=failures)
    logged = any(failure.log_lines for failure in failures)
    page.line()
    for line in outcome_lines(shown, screen, log_locations=not logged):
        page.line(line.text, status_style(outcome.status) if line.indent == 0 else "", line.indent)
    links = console_links(outcome.key)
    if links and not logged:
        page.unwrapped(f"logs: {links.logs}", indent=4)


def _images(page: Page, details: DeploymentDetails, screen: Screen, most: int) -> None:
    changed = [change for change in details.deployment.images.values() if not change.unchanged]
    if len(changed) == 1:
        page.line(f"Image changed: {_change(changed[0], details, screen)}")
        return
    if not changed or not most:
        names = listed_briefly([change.image_id for change in changed], _NAMES_SHOWN)
        page.line(f"Images changed ({len(changed)}): {names}" if changed else "No image changed.")
        return
    page.line(f"Images changed ({len(changed)}):", BOLD)
    for change in changed[:most]:
        page.line(_change(change, details, screen), indent=2)
    if len(changed) > most:
        page.line(f"and {len(changed) - most} more", DIM, indent=2)


def _change(change: ImageChange, details: DeploymentDetails, screen: Screen) -> str:
    before, now = version_names(change.from_commit, change.from_digest, change.to_commit, change.to_digest)
    subject = one_line(details.subjects.get(change.to_commit or "", ""))
    return f"{one_line(change.image_id)}  {before} {screen.symbols.arrow} {now}  {subject}".rstrip()


def _next(page: Page, steps: Sequence[NextStep]) -> None:
    for step in steps:
        page.line(f"Next: {step.when}:", BOLD)
        page.unwrapped(step.command, indent=2)
