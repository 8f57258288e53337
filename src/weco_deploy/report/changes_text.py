"""The texts of `changes`: for the terminal, and as Markdown for a pull request or a chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from weco_deploy.model.results import ChangedCommit, Changes, CommitInEnvironment, WhereCommitIs
from weco_deploy.model.web_repository import Host, WebRepository
from weco_deploy.report.fitting import VERBOSE_SHOWS_ALL, add_rest, fitted
from weco_deploy.report.markdown import escaped
from weco_deploy.report.page import BOLD, DIM, WARNING_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import age, count, listed, listed_briefly, moment, short_commit, short_id

_IMAGES_SHOWN = 3
_MOST_COMMITS = (40, 30, 20, 16, 13, 10, 8, 6, 4, 2)
"""How many commits are shown on screens of different sizes. Long subjects take several lines."""
_MOST_NAMES = (10, 5, 3, 2, 1)


def changes_text(changes: Changes, screen: Screen, *, everything: bool = False) -> str:
    """A summary, a table with a row for each commit, the commits that would be lost, and what is not known.

    On a terminal whose screen is too small, it is the newest commits, and counts of the rest, unless `everything` is wanted.
    """
    shorter = (partial(_changes_text, changes, screen, most) for most in _MOST_COMMITS)
    return fitted(_changes_text(changes, screen, None), screen, shorter, everything=everything)


def _changes_text(changes: Changes, screen: Screen, most: int | None) -> str:
    """The text with at most so many commits, and without the names of unchanged images; with all of it if `most` is None."""
    page = Page(screen)
    page.line(f"{_names(changes)}: {_summary(changes)}", BOLD)
    if changes.commits:
        _commits(page, changes.commits[:most], changes)
        add_rest(page, len(changes.commits), most)
    if changes.lost:
        page.line()
        page.line(
            f"{count(len(changes.lost), 'commit')} of {_name(changes.base)} would be lost:", WARNING_STYLE
        )
        _commits(page, changes.lost[:most], changes)
        add_rest(page, len(changes.lost), most)
    if changes.unknown:
        page.line()
        page.line(f"Images whose commits are not known ({len(changes.unknown)}):", WARNING_STYLE)
        for image_id, why in list(changes.unknown.items())[:most]:
            page.line(f"{one_line(image_id)}: {one_line(why)}", indent=2)
        add_rest(page, len(changes.unknown), most)
    if changes.unchanged:
        page.line()
        unchanged = f"Images unchanged ({len(changes.unchanged)}): {listed(changes.unchanged)}"
        page.line(f"Images unchanged: {len(changes.unchanged)} {VERBOSE_SHOWS_ALL}" if most else unchanged)
    if changes.repository and any(change.pull_request for change in (*changes.commits, *changes.lost)):
        pages = changes.repository.pull_request(0).removesuffix("0")
        page.line()
        page.unwrapped(f"Pull requests: {one_line(pages)}<number>")
    return page.text()


def changes_markdown(changes: Changes) -> str:
    """The same in Markdown. Everything that others wrote is escaped, and mentions nobody."""
    lines = [f"**{escaped(_names(changes))}**: {_summary(changes)}", ""]
    lines += [_item(change, changes.repository) for change in changes.commits]
    if changes.lost:
        lines += [
            "",
            f"**{count(len(changes.lost), 'commit')} of {escaped(_name(changes.base))} would be lost:**",
            "",
        ]
        lines += [_item(change, changes.repository) for change in changes.lost]
    if changes.unknown:
        lines += ["", "**Images whose commits are not known:**", ""]
        lines += [f"- {escaped(image_id)}: {escaped(why)}" for image_id, why in changes.unknown.items()]
    return "\n".join(lines).strip() + "\n"


def where_text(found: WhereCommitIs, screen: Screen, *, everything: bool = False) -> str:
    """Since when each environment has the commit, in which images, and which releases have it.

    On a terminal whose screen is too small, most names are counted, unless `everything` is wanted.
    """
    shorter = (partial(_where_text, found, screen, most) for most in _MOST_NAMES)
    return fitted(_where_text(found, screen, None), screen, shorter, everything=everything)


def _where_text(found: WhereCommitIs, screen: Screen, most: int | None) -> str:
    """The text with at most so many names and releases in a row; with all if `most` is None."""
    page = Page(screen)
    commit = found.commit
    page.line(f"{short_commit(commit.commit)}  {one_line(commit.subject)}", BOLD)
    page.line(f"by {one_line(commit.author)}, {age(found.at - commit.date)} ago", indent=2)
    if found.repository:
        page.unwrapped(found.repository.commit(commit.commit), indent=2)
    page.line()
    built = _built(found)
    page.line(", ".join(_live_in(environment, built, screen) for environment in found.environments))
    for environment in found.environments:
        _images(page, environment, built, screen, most)
    page.line()
    if not found.releases:
        page.line("No recent release has it.")
        return page.text()
    page.line(f"Releases with it, the newest first ({len(found.releases)}):", BOLD)
    for release_id, images in list(found.releases.items())[:most]:
        page.line(f"{short_id(release_id)}  {listed_briefly(images, _IMAGES_SHOWN)}", indent=2)
    add_rest(page, len(found.releases), most)
    return page.text()


def _names(changes: Changes) -> str:
    return f"{_name(changes.base)}..{_name(changes.head)}"


def _name(text: str) -> str:
    """An environment's id as it is, a release's id in short."""
    return short_id(text) if re.fullmatch(r"[0-9a-f]{8}-[0-9a-f-]{27}", text) else one_line(text)


def _summary(changes: Changes) -> str:
    if not changes.commits:
        return "no commits" if changes.unknown or changes.lost else "no changes"
    people = {change.commit.author for change in changes.commits}
    oldest = min(change.commit.date for change in changes.commits)
    return (
        f"{count(len(changes.commits), 'commit')} by {count(len(people), 'person', 'people')}, "
        f"the oldest from {age(changes.at - oldest)} ago"
    )


def _commits(page: Page, commits: Sequence[ChangedCommit], changes: Changes) -> None:
    columns = (
        Column("commit"),
        Column("subject", 24, prose=True),
        Column("author", 8),
        Column("age"),
        Column("images", 8),
    )
    page.table(columns, [_row(change, changes.repository, changes.at) for change in commits])


def _row(change: ChangedCommit, repository: WebRepository | None, at: datetime) -> tuple[Cell, ...]:
    commit = change.commit
    subject = one_line(commit.subject)
    number = _number(change, repository)
    if number and number not in subject:
        subject = f"{subject} ({number})"
    style = WARNING_STYLE if change.reverts else DIM if change.merges else ""
    mark = "revert: " if change.reverts else "merge: " if change.merges else ""
    return (
        short_commit(commit.commit),
        Styled(f"{mark}{subject}", style),
        one_line(commit.author),
        age(at - commit.date),
        listed_briefly(change.images, _IMAGES_SHOWN),
    )


def _number(change: ChangedCommit, repository: WebRepository | None) -> str:
    """`#12`, or `!12` on GitLab; empty if it has none."""
    if change.pull_request is None:
        return ""
    return f"{'!' if repository and repository.host is Host.GITLAB else '#'}{change.pull_request}"


def _item(change: ChangedCommit, repository: WebRepository | None) -> str:
    commit = change.commit
    name = f"`{short_commit(commit.commit)}`"
    if repository:
        name = f"[{name}]({repository.commit(commit.commit)})"
    number = _number(change, repository)
    if number and repository and change.pull_request is not None:
        number = f" ([{escaped(number)}]({repository.pull_request(change.pull_request)}))"
    elif number:
        number = f" ({escaped(number)})"
    mark = "revert: " if change.reverts else "merge: " if change.merges else ""
    subject = escaped(commit.subject)
    return f"- {name} {mark}{subject}{number}, {escaped(commit.author)}: {escaped(listed(change.images))}"


def _built(found: WhereCommitIs) -> frozenset[str]:
    """The images that were built with the commit, or later. Most commits change only some images."""
    released = [image_id for images in found.releases.values() for image_id in images]
    deployed = [
        image_id
        for environment in found.environments
        for image_id in (*(image.image_id for image in environment.live), *environment.failed)
    ]
    return frozenset((*released, *deployed))


def _live_in(environment: CommitInEnvironment, built: frozenset[str], screen: Screen) -> str:
    """Whether the images that were built with the commit run there; others have nothing of it to run."""
    name = one_line(environment.environment)
    if not environment.live:
        return f"not known in {name}" if environment.unknown and not environment.without else f"not in {name}"
    known = [image.since for image in environment.live if image.since is not None]
    since = f" since {moment(min(known), screen)}" if len(known) == len(environment.live) else ""
    partly = " in part" if environment.failed or not built.isdisjoint(environment.without) else ""
    return f"live{partly} in {name}{since}"


def _images(
    page: Page, environment: CommitInEnvironment, built: frozenset[str], screen: Screen, most: int | None
) -> None:
    page.line(f"{one_line(environment.environment)}:", indent=2)
    if not any((environment.live, environment.failed, environment.without, environment.unknown)):
        page.line("nothing was deployed there yet", indent=4)
    deployed: dict[tuple[datetime | None, str | None], list[str]] = {}
    for image in environment.live:
        deployed.setdefault((image.since, image.deployment_id), []).append(image.image_id)
    for (began, deployment_id), names in list(deployed.items())[:most]:
        since = f"since {moment(began, screen)}" if began else "for long"
        deployment = f" (deployment {short_id(deployment_id)})" if deployment_id else ""
        page.line(
            f"{_some(names, most)} {'has' if len(names) == 1 else 'have'} it {since}{deployment}", indent=4
        )
    if most and (rest := sum(map(len, list(deployed.values())[most:]))):
        page.line(f"and {count(rest, 'more image')}", indent=4)
    for named, words in (
        (environment.failed, "deployed with it, but failed"),
        ([image_id for image_id in environment.without if image_id in built], "without it"),
        (
            [image_id for image_id in environment.without if image_id not in built],
            "not built with it, in any recent release",
        ),
        (environment.unknown, "of commits that the git repository here doesn't know"),
    ):
        if named:
            page.line(f"{words} ({len(named)}): {_some(named, most)}", indent=4)


def _some(names: Sequence[str], most: int | None) -> str:
    return listed(names) if most is None else listed_briefly(names, most)
