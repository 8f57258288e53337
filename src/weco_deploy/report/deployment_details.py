"""Everything about one deployment on a page, for the morning after: `show-deployment`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from weco_deploy.model.deployment import Deployment, ImageChange, ServiceOutcome, ServiceStatus
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.report.deployment_in_short import LIMITS, deployment_in_short
from weco_deploy.report.deployment_text import add_failures, add_next_steps, add_runs_now, add_summary
from weco_deploy.report.fitting import fitted
from weco_deploy.report.next_steps import NextStep, next_steps_since
from weco_deploy.report.outcomes import STATUS_WORDS, verdict
from weco_deploy.report.page import BOLD, Page, status_style
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Column
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import described, listed, moment, person, short_id, version_names


def deployment_details_text(
    details: DeploymentDetails, screen: Screen, options: Sequence[str] = (), *, everything: bool = False
) -> str:
    """The verdict and the failures; who, when and why; images, services, the rollback, and what followed.

    On a terminal whose screen is too small it is the most important of that, unless `everything` is wanted. The next commands,
    which repeat the global `options`, are shown only if nothing was deployed there since: otherwise they may be wrong by now.
    """
    steps = next_steps_since(details, options)
    shorter = (partial(deployment_in_short, details, steps, screen, limits) for limits in LIMITS)
    return fitted(_complete(details, screen, steps), screen, shorter, everything=everything)


def _complete(details: DeploymentDetails, screen: Screen, steps: Sequence[NextStep]) -> str:
    page = Page(screen)
    deployment = details.deployment
    add_summary(page, deployment, screen)
    add_failures(page, deployment, screen)
    _facts(page, details, screen)
    _images(page, details)
    _services(page, deployment.services)
    if deployment.rollback:
        page.line()
        page.line("Rollback:", BOLD)
        add_summary(page, deployment.rollback, screen)
        add_failures(page, deployment.rollback, screen)
    page.line()
    if details.last is None:
        page.line(f"Nothing was deployed to {one_line(deployment.environment)} since.")
        add_runs_now(page, deployment, heading="Ran when it ended")
        add_next_steps(page, steps)
    else:
        _since(page, details, screen)
    return page.text()


def _facts(page: Page, details: DeploymentDetails, screen: Screen) -> None:
    deployment, release = details.deployment, details.release
    page.line()
    ended = (
        f", ended {moment(deployment.date_finished, screen)}"
        if deployment.date_finished
        else ", not ended yet"
    )
    page.line(f"begun {moment(deployment.date_created, screen)}{ended}")
    page.line(f"{deployment.kind.value} by {person(deployment.requested_by)}")
    if deployment.build_url:
        page.unwrapped(f"build {one_line(deployment.build_url)}")
    if description := described(deployment.description):
        page.line(f"description: {description}")
    if release is None:
        page.line(f"release {one_line(deployment.release_id)}, whose record is gone")
    else:
        page.line(
            f"release {one_line(release.release_id)}, made {moment(release.date_created, screen)} by {person(release.requested_by)}"
        )
    if details.undid:
        page.line(
            f"It rolled back deployment {short_id(details.undid.deployment_id)}: {_line(details.undid, screen)}"
        )


def _images(page: Page, details: DeploymentDetails) -> None:
    changes = details.deployment.images
    changed = {image_id: change for image_id, change in changes.items() if not change.unchanged}
    page.line()
    if changed:
        page.line(f"Images changed ({len(changed)}):", BOLD)
        columns = (
            Column("image", 12),
            Column("before"),
            Column("now"),
            Column("what the new one is about", 20, prose=True, below=True),
        )
        page.table(columns, [_image_row(image_id, change, details) for image_id, change in changed.items()])
    if same := len(changes) - len(changed):
        page.line(f"Images unchanged: {same}")


def _image_row(image_id: str, change: ImageChange, details: DeploymentDetails) -> tuple[str, ...]:
    before, now = version_names(change.from_commit, change.from_digest, change.to_commit, change.to_digest)
    return one_line(image_id), before, now, one_line(details.subjects.get(change.to_commit or "", ""))


def _services(page: Page, outcomes: Sequence[ServiceOutcome]) -> None:
    """The services that were redeployed. The summary has those that are not good, and counts those that did not change."""
    names = [outcome.service_id for outcome in outcomes if outcome.status is ServiceStatus.SUCCEEDED]
    if names:
        page.line(f"Services {STATUS_WORDS[ServiceStatus.SUCCEEDED]} ({len(names)}): {listed(names)}")


def _since(page: Page, details: DeploymentDetails, screen: Screen) -> None:
    first, last = details.following, details.last
    page.line("What followed:", BOLD)
    if first:
        page.line(_verdict_of(first, screen), status_style(first.status), 2)
    if last and last != first:
        page.line(f"last: {_verdict_of(last, screen)}", status_style(last.status), 2)


def _verdict_of(deployment: Deployment, screen: Screen) -> str:
    begun = moment(deployment.date_created, screen)
    by = f"{deployment.kind.value} by {person(deployment.requested_by)}"
    return f"{begun}  {verdict(deployment, screen.symbols)} ({by}, {short_id(deployment.deployment_id)})"


def _line(deployment: Deployment, screen: Screen) -> str:
    return f"release {short_id(deployment.release_id)} of {moment(deployment.date_created, screen)}"
