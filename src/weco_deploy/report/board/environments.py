"""Environments on the board: the tables of all of them, the page of each, and what waits to be promoted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from weco_deploy.errors import Command, DeployError
from weco_deploy.model.board import Board
from weco_deploy.model.results import ChangedCommit
from weco_deploy.model.status import EnvironmentStatus, ImageStatus, ServiceStatus, Status, Waiting
from weco_deploy.model.web_repository import Host, WebRepository
from weco_deploy.report.board.deployments import DeploymentRow, timeline, verdict_of
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
)
from weco_deploy.report.status_sections import all_sections
from weco_deploy.report.status_sentences import distinct_name, name_of, state_words, waiting_sentence
from weco_deploy.report.wording import age, count, listed, person, short_commit, short_id

_LISTED = 30
"""How many deployments the first page lists. The pages of the environments list all that have a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRow:
    """An environment. `deployed` is when the last deployment ended, or began if it has not ended.

    `deployment` is a text, such as "nothing yet", if there is none.
    """

    page: PageLink
    state: Marked
    release: str
    verdict: Marked | None
    deployment: PageLink
    deployed: Moment | None
    by: str


@dataclass(frozen=True, slots=True)
class Cell:
    """An image in an environment. `drifted` is said in words, not only by a mark."""

    version: Link
    since: str
    drifted: bool


@dataclass(frozen=True, slots=True)
class ImageRow:
    image_id: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRow:
    commit: Link
    mark: str
    subject: str
    pull_request: Link | None
    author: str
    date: Moment
    images: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """What a promotion would bring. `lost_heading` says how many commits the target would lose."""

    source: PageLink
    target: PageLink
    sentence: str
    commits: tuple[CommitRow, ...]
    lost: tuple[CommitRow, ...]
    lost_heading: str


@dataclass(frozen=True, slots=True)
class SectionView:
    heading: str
    tone: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    title: str
    environments: tuple[EnvironmentRow, ...]
    sections: tuple[SectionView, ...]
    images: tuple[ImageRow, ...]
    waiting: tuple[WaitingView, ...]
    deployments: tuple[DeploymentRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentImageRow:
    """An image on an environment's page. `running` is empty if no task tells what it runs."""

    image_id: str
    tag: str
    deployed: Link
    since: Moment | None
    or_earlier: bool
    tagged: Link
    running: tuple[Link, ...]
    drifted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRow:
    service_id: str
    names: str
    state: Marked
    tasks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPage:
    """An environment. `unlock` is the command that ends a lock by hand; None if there is none."""

    title: str
    row: EnvironmentRow
    unlock: str | None
    sections: tuple[SectionView, ...]
    images: tuple[EnvironmentImageRow, ...]
    services: tuple[ServiceRow, ...]
    waiting: tuple[WaitingView, ...]
    deployments: tuple[DeploymentRow, ...]


def index_page(board: Board) -> IndexPage:
    status = board.status
    deployments = [details.deployment for listed in board.deployments.values() for details in listed]
    return IndexPage(
        title=board.project_name,
        environments=tuple(_row(id_, found, board.pages) for id_, found in status.environments.items()),
        sections=_sections(status),
        images=tuple(_image_rows(board)),
        waiting=tuple(_waiting(waits, board.repository) for waits in status.waiting),
        deployments=timeline(deployments, _LISTED),
    )


def environment_page(environment_id: str, board: Board, options: Sequence[str]) -> EnvironmentPage:
    """The page of an environment. Suggested commands repeat the global `options`."""
    found = board.status.environments[environment_id]
    alone = replace(
        board.status,
        environments={environment_id: found},
        waiting=tuple(waits for waits in board.status.waiting if waits.target == environment_id),
    )
    state = found if isinstance(found, EnvironmentStatus) else None
    return EnvironmentPage(
        title=f"{environment_id} of {board.project_name}",
        row=_row(environment_id, found, board.pages),
        unlock=_unlock(environment_id, state, options),
        sections=_sections(alone),
        images=tuple(_environment_image_rows(state, board.repository)) if state else (),
        services=tuple(map(_service_row, state.services)) if state else (),
        waiting=tuple(_waiting(waits, board.repository) for waits in alone.waiting),
        deployments=timeline([details.deployment for details in board.deployments.get(environment_id, ())]),
    )


# Environments


def _row(
    environment_id: str, found: EnvironmentStatus | DeployError, pages: frozenset[str]
) -> EnvironmentRow:
    page = PageLink(environment_id, page_of_environment(environment_id))
    if isinstance(found, DeployError):
        state = Marked(SYMBOLS.bad, "can't be read", "bad")
        return _row_without_deployment(page, state, "unknown")
    deployment = found.deployment
    if deployment is None:
        return _row_without_deployment(page, _state(found), "nothing yet")
    id_ = deployment.deployment_id
    return EnvironmentRow(
        page=page,
        state=_state(found),
        release=short_id(deployment.release_id),
        verdict=verdict_of(deployment),
        deployment=PageLink(short_id(id_), page_of_deployment(id_) if id_ in pages else None),
        deployed=moment(deployment.date_finished or deployment.date_created),
        by=person(deployment.requested_by),
    )


def _row_without_deployment(page: PageLink, state: Marked, why: str) -> EnvironmentRow:
    return EnvironmentRow(
        page=page, state=state, release="", verdict=None, deployment=PageLink(why), deployed=None, by=""
    )


def _state(found: EnvironmentStatus) -> Marked:
    words = state_words(found)
    if found.drifts or found.down:
        return Marked(SYMBOLS.bad, words, "bad")
    if found.in_progress or found.unfinished:
        return Marked(SYMBOLS.moving, words, "warning")
    return Marked(SYMBOLS.good, words, "good")


def _unlock(environment_id: str, state: EnvironmentStatus | None, options: Sequence[str]) -> str | None:
    if state is None or state.lock is None or state.lock.deployment_id is not None:
        return None
    return Command("unlock", "--environment-id", environment_id).line(options)


def _sections(status: Status) -> tuple[SectionView, ...]:
    return tuple(
        SectionView(section.heading, tone(section.style), tuple(section.sentences))
        for section in all_sections(status)
        if section.sentences
    )


# Images


def _image_rows(board: Board) -> Iterator[ImageRow]:
    """A row for each image, with a cell for each environment."""
    rows: dict[str, dict[str, ImageStatus]] = {}
    for id_, state in board.status.readable.items():
        for image in state.images:
            rows.setdefault(image.image_id, {})[id_] = image
    for image_id, images in rows.items():
        yield ImageRow(image_id, tuple(_cell(images, id_, board) for id_ in board.status.environments))


def _cell(images: Mapping[str, ImageStatus], environment_id: str, board: Board) -> Cell:
    image, state = images.get(environment_id), board.status.readable.get(environment_id)
    if image is None or state is None:
        return Cell(Link("unknown"), "", drifted=False)
    drifted = _drifted(image, state)
    if image.shown is None:
        return Cell(Link("nothing"), "", drifted)
    since = f"{age(board.status.at - image.since)}" if image.since else ""
    name = distinct_name(image.shown, environment_id, images)
    return Cell(
        commit_link(name, image.shown.commit, board.repository),
        f"over {since}" if since and image.or_earlier else since,
        drifted,
    )


def _drifted(image: ImageStatus, state: EnvironmentStatus) -> bool:
    return any(drift.image_id == image.image_id for drift in state.drifts)


def _environment_image_rows(
    state: EnvironmentStatus, repository: WebRepository | None
) -> Iterator[EnvironmentImageRow]:
    for image in state.images:
        deployed, tagged = (
            commit_link(name_of(version), version.commit, repository) if version else Link("nothing")
            for version in (image.deployed, image.tagged)
        )
        yield EnvironmentImageRow(
            image_id=image.image_id,
            tag=image.tag,
            deployed=deployed,
            since=moment(image.since) if image.since else None,
            or_earlier=image.or_earlier,
            tagged=tagged,
            running=tuple(
                commit_link(name_of(version), version.commit, repository) for version in image.running
            ),
            drifted=_drifted(image, state),
        )


# Services


def _service_row(service: ServiceStatus) -> ServiceRow:
    return ServiceRow(
        service_id=service.service_id,
        names=listed(map(str, service.keys)),
        state=_service_state(service),
        tasks=f"{service.running} of {count(service.desired, 'task')}" if service.keys else "",
    )


def _service_state(service: ServiceStatus) -> Marked:
    if service.problems:
        words = ", ".join(problem.value.replace("_", " ") for problem in service.problems)
        return Marked(SYMBOLS.bad, words, "bad")
    if service.rolling_out:
        return Marked(SYMBOLS.moving, "rolling out", "warning")
    if service.may_be_missing:
        return Marked(SYMBOLS.quiet, "missing as allowed", "quiet")
    return (
        Marked(SYMBOLS.quiet, "at 0 tasks", "quiet") if service.idle else Marked(SYMBOLS.good, "up", "good")
    )


# What waits to be promoted


def _waiting(waits: Waiting, repository: WebRepository | None) -> WaitingView:
    return WaitingView(
        source=PageLink(waits.source, page_of_environment(waits.source)),
        target=PageLink(waits.target, page_of_environment(waits.target)),
        sentence=waiting_sentence(waits),
        commits=_commit_rows(waits.added_commits, repository),
        lost=_commit_rows(waits.lost_commits, repository),
        lost_heading=f"{count(len(waits.lost_commits), 'commit')} of {waits.target} would be lost",
    )


def _commit_rows(commits: Sequence[ChangedCommit], repository: WebRepository | None) -> tuple[CommitRow, ...]:
    return tuple(
        CommitRow(
            commit=commit_link(short_commit(change.commit.commit), change.commit.commit, repository),
            mark="revert" if change.reverts else "merge" if change.merges else "",
            subject=_subject(change),
            pull_request=_pull_request(change, repository),
            author=change.commit.author,
            date=moment(change.commit.date),
            images=listed(change.images),
        )
        for change in commits
    )


def _subject(change: ChangedCommit) -> str:
    """The subject without the number of the pull request at its end, since a link follows."""
    return change.commit.subject.removesuffix(f" (#{change.pull_request})")


def _pull_request(change: ChangedCommit, repository: WebRepository | None) -> Link | None:
    number = change.pull_request
    if number is None:
        return None
    if repository is None:
        return Link(f"#{number}")
    sign = "!" if repository.host is Host.GITLAB else "#"
    return Link(f"{sign}{number}", repository.pull_request(number))
