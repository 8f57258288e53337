"""Deployments on the board: as a row of the timeline, and on a page of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from weco_deploy.model.deployment import Deployment, ServiceOutcome
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.model.steps import StepOutcome
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.report.board.parts import (
    SYMBOLS,
    Link,
    Marked,
    Moment,
    PageLink,
    commit_link,
    moment,
    page_of_deployment,
    page_of_environment,
    tone,
    tone_of,
    web_link,
)
from weco_deploy.report.console import console_links
from weco_deploy.report.deployment_text import add_summary
from weco_deploy.report.next_steps import NextStep, next_steps
from weco_deploy.report.outcomes import STATUS_WORDS, Line, mark, outcome_lines, verdict, verdict_mark
from weco_deploy.report.page import Page, step_style
from weco_deploy.report.runs_now import runs_now
from weco_deploy.report.screen import FILE, Screen
from weco_deploy.report.step_lines import step_lines
from weco_deploy.report.wording import described, duration, person, short_id, version_names

_BAR = 100
_LOG_INDENT = 6
"""How far `outcome_lines` indents lines of a log, and where the log is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRow:
    """A deployment in the timeline. `bar` is its duration in percent of the longest one in the table."""

    page: PageLink
    begun: Moment
    environment: PageLink
    release: str
    verdict: Marked
    kind: str
    took: str
    bar: int
    by: str
    description: str
    build: Link | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a step or a service did not succeed. `blocks` are lines of prose, or of a log, in the order of what happened."""

    heading: str
    tone: str
    blocks: tuple[Block, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Block:
    lines: tuple[str, ...]
    log: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The verdict on a deployment, and what explains it. `tone` is that of the verdict, which contains its mark."""

    verdict: str
    tone: str
    summary: tuple[str, ...]
    failures: tuple[Explanation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRow:
    image_id: str
    before: Link
    now: Link
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    service_id: str
    name: str
    status: Marked
    reason: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPage:
    """All about a deployment.

    `runs` says what ran when it ended, if it did not succeed. That and `next_steps` are left out if something was deployed since: they may be
    wrong by now.
    """

    title: str
    attempt: Attempt
    rollback: Attempt | None
    runs: tuple[str, ...]
    environment: PageLink
    begun: Moment
    ended: Moment | None
    kind: str
    by: str
    description: str
    build: Link | None
    deployment_id: str
    release_id: str
    release_made: Moment | None
    release_by: str
    undid: PageLink | None
    images: tuple[ImageRow, ...]
    images_unchanged: int
    services: tuple[ServiceRow, ...]
    followed_by: tuple[PageLink, ...]
    next_steps: tuple[NextStep, ...]


def timeline(deployments: Iterable[Deployment], most: int | None = None) -> tuple[DeploymentRow, ...]:
    """The rows of these deployments, which have pages, the newest first; at most so many."""
    newest_first = sorted(deployments, key=lambda deployment: deployment.date_created, reverse=True)[:most]
    longest = max((_seconds(deployment) for deployment in newest_first), default=0.0) or 1.0
    return tuple(_row(deployment, longest) for deployment in newest_first)


def deployment_page(
    details: DeploymentDetails,
    pages: frozenset[str],
    repository: WebRepository | None,
    options: Sequence[str],
) -> DeploymentPage:
    """The page of a deployment.

    Args:
        details: the deployment, and what explains it.
        pages: the ids of the deployments that have a page.
        repository: the web pages of its commits.
        options: the global options that suggested commands repeat.

    """
    deployment, release = details.deployment, details.release
    later = {other.deployment_id: other for other in (details.following, details.last) if other is not None}
    return DeploymentPage(
        title=f"Deployment {short_id(deployment.deployment_id)} to {deployment.environment}",
        attempt=_attempt(deployment),
        rollback=_attempt(deployment.rollback) if deployment.rollback else None,
        runs=() if later else runs_now(deployment),
        environment=PageLink(deployment.environment, page_of_environment(deployment.environment)),
        begun=moment(deployment.date_created),
        ended=moment(deployment.date_finished) if deployment.date_finished else None,
        kind=deployment.kind.value,
        by=person(deployment.requested_by),
        description=described(deployment.description),
        build=web_link(deployment.build_url) if deployment.build_url else None,
        deployment_id=deployment.deployment_id,
        release_id=deployment.release_id,
        release_made=moment(release.date_created) if release else None,
        release_by=person(release.requested_by) if release else "",
        undid=_page_link(details.undid, pages) if details.undid else None,
        images=tuple(_image_rows(details, repository)),
        images_unchanged=sum(change.unchanged for change in deployment.images.values()),
        services=tuple(map(_service_row, deployment.services)),
        followed_by=tuple(_page_link(other, pages) for other in later.values()),
        next_steps=() if later else next_steps(deployment, options),
    )


def verdict_of(deployment: Deployment) -> Marked:
    """The mark and the status in a word or two."""
    text = "superseded" if deployment.superseded else deployment.status.value.replace("_", " ")
    return Marked(verdict_mark(deployment.status, SYMBOLS), text, tone_of(deployment.status))


def _row(deployment: Deployment, longest: float) -> DeploymentRow:
    seconds = _seconds(deployment)
    return DeploymentRow(
        page=PageLink(short_id(deployment.deployment_id), page_of_deployment(deployment.deployment_id)),
        begun=moment(deployment.date_created),
        environment=PageLink(deployment.environment, page_of_environment(deployment.environment)),
        release=short_id(deployment.release_id),
        verdict=verdict_of(deployment),
        kind=deployment.kind.value,
        took="" if deployment.took is None else duration(deployment.took),
        bar=max(1, round(_BAR * seconds / longest)) if seconds > 0 else 0,
        by=person(deployment.requested_by),
        description=described(deployment.description),
        build=web_link(deployment.build_url) if deployment.build_url else None,
    )


def _seconds(deployment: Deployment) -> float:
    return 0.0 if deployment.took is None else deployment.took.total_seconds()


def _page_link(deployment: Deployment, pages: frozenset[str]) -> PageLink:
    id_ = deployment.deployment_id
    return PageLink(
        f"{verdict(deployment, SYMBOLS)} ({deployment.kind.value} by {person(deployment.requested_by)}, {short_id(id_)})",
        page_of_deployment(id_) if id_ in pages else None,
    )


def _attempt(deployment: Deployment) -> Attempt:
    page = Page(Screen())
    add_summary(page, deployment, Screen())
    first, *rest = page.text().splitlines()
    return Attempt(
        verdict=first,
        tone=tone_of(deployment.status),
        summary=tuple(line.strip() for line in rest),
        failures=(
            *(_explained_step(step) for step in deployment.steps if step.bad),
            *map(_explained_service, deployment.bad_services),
        ),
    )


def _explained_step(step: StepOutcome) -> Explanation:
    return _explanation(step_lines(step, SYMBOLS), tone(step_style(step.status)), ())


def _explained_service(outcome: ServiceOutcome) -> Explanation:
    return _explanation(outcome_lines(outcome, FILE), tone_of(outcome.status), _console(outcome))


def _explanation(of: Sequence[Line], colour: str, links: tuple[Link, ...]) -> Explanation:
    heading, *lines = of
    blocks: list[Block] = []
    for line in lines:
        log = line.indent >= _LOG_INDENT
        if blocks and blocks[-1].log == log:
            blocks[-1] = Block((*blocks[-1].lines, line.text), log)
        else:
            blocks.append(Block((line.text,), log))
    return Explanation(heading=heading.text, tone=colour, blocks=tuple(blocks), links=links)


def _console(outcome: ServiceOutcome) -> tuple[Link, ...]:
    links = console_links(outcome.key)
    return (Link("service in the AWS console", links.service), Link("its logs", links.logs)) if links else ()


def _image_rows(details: DeploymentDetails, repository: WebRepository | None) -> Iterator[ImageRow]:
    for image_id, change in details.deployment.images.items():
        if change.unchanged:
            continue
        before, now = version_names(
            change.from_commit, change.from_digest, change.to_commit, change.to_digest
        )
        yield ImageRow(
            image_id=image_id,
            before=commit_link(before, change.from_commit, repository),
            now=commit_link(now, change.to_commit, repository),
            subject=details.subjects.get(change.to_commit or "", ""),
        )


def _service_row(outcome: ServiceOutcome) -> ServiceRow:
    return ServiceRow(
        service_id=outcome.service_id,
        name=str(outcome.key),
        status=Marked(mark(outcome.status, SYMBOLS), STATUS_WORDS[outcome.status], tone_of(outcome.status)),
        reason=outcome.reason,
        links=_console(outcome),
    )
