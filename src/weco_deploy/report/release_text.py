"""The texts for a new release, and for the difference between two releases."""

from __future__ import annotations

from collections.abc import Mapping

from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.results import PreparedRelease, ReleaseDifference
from weco_deploy.report.page import BOLD, WARNING_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Column
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import (
    count,
    described,
    listed,
    moment,
    person,
    same_version,
    short_commit,
    short_id,
    version_name,
    version_names,
)

Change = tuple[ImageVersion | None, ImageVersion | None]
_ABSENT = "-"


def prepared_text(prepared: PreparedRelease, screen: Screen, *, unchanged: bool = False) -> str:
    """The release and, for each changed image, the commits before and now, with the subject of the new commit.

    With `unchanged` the images that did not change are named, otherwise counted.
    """
    page = Page(screen)
    release, previous = prepared.release, prepared.previous
    name = f"Release {one_line(release.release_id)}" if release.release_id else "Release (dry run: not saved)"
    page.line(f"{name} of {one_line(release.project_name)}{_source(release)}", BOLD)
    made = f"{moment(release.date_created, screen)} by {person(release.requested_by)}"
    page.line(f"{made}{_about(release)}", indent=2)
    if release.commit and (subject := prepared.subjects.get(release.commit)):
        page.line(f"{short_commit(release.commit)}: {one_line(subject)}", indent=2)
    page.line(
        f"before it: {_made(previous, screen)}" if previous else "the first release of this project", indent=2
    )
    # An image that only the previous release has was removed from the project file, which is a change, too.
    image_ids = dict.fromkeys((*release.images, *(previous.images if previous else ())))
    _changes(
        page,
        {image_id: prepared.change(image_id) for image_id in image_ids},
        prepared.subjects,
        unchanged=unchanged,
    )
    behind = {image_id: number for image_id, number in release.commits_behind.items() if number}
    if release.commit and behind:
        images = (f"{image_id} ({count(number, 'commit')} behind)" for image_id, number in behind.items())
        page.line(f"Not built for {short_commit(release.commit)} ({len(behind)}): {listed(images)}")
    if missing := [image_id for image_id, version in release.images.items() if version is None]:
        absent = "Not in the release before" if prepared.copies_previous else f"No image{_wanted(release)}"
        page.line(f"{absent}, so not in this release ({len(missing)}): {listed(missing)}", WARNING_STYLE)
    return page.text()


def _source(release: Release) -> str:
    """What the release was made of, for the first line."""
    source = short_commit(release.commit) if release.commit else release.from_label
    return f", from {one_line(source)}" if source else ""


def _wanted(release: Release) -> str:
    """Which images were looked for."""
    if release.commit:
        return f" of {short_commit(release.commit)} or of a commit before it"
    return f" labelled {one_line(release.from_label)}" if release.from_label else ""


def difference_text(difference: ReleaseDifference, screen: Screen, *, unchanged: bool = False) -> str:
    """The changes from the base to the release, for each image; `unchanged` as in `prepared_text`."""
    page = Page(screen)
    page.line(f"Release {_made(difference.release, screen)}", BOLD)
    page.line(f"compared with {_made(difference.base, screen)}", indent=2)
    _changes(page, difference.images, difference.subjects, unchanged=unchanged)
    return page.text()


def _made(release: Release, screen: Screen) -> str:
    return f"{short_id(release.release_id)} of {moment(release.date_created, screen)}{_about(release)}"


def _about(release: Release) -> str:
    description = described(release.description)
    return f": {description}" if description else ""


def _changes(
    page: Page, images: Mapping[str, Change], subjects: Mapping[str, str], *, unchanged: bool
) -> None:
    changed = {image_id: pair for image_id, pair in images.items() if not same_version(*pair)}
    page.line()
    if changed:
        rows = [_row(image_id, pair, subjects) for image_id, pair in changed.items()]
        columns = (
            Column("image", 12),
            Column("before"),
            Column("now"),
            Column("what the new one is about", 20, prose=True, below=True),
        )
        page.table(columns, rows)
    else:
        page.line("No image changed.")
    if same := [image_id for image_id, pair in images.items() if image_id not in changed and pair[1]]:
        page.line(f"Unchanged ({len(same)}): {listed(same)}" if unchanged else f"Unchanged: {len(same)}")


def _row(image_id: str, pair: Change, subjects: Mapping[str, str]) -> tuple[str, str, str, str]:
    before, now = pair
    old, new = _names(before, now)
    subject = subjects.get(now.commit, "") if now else "not in this one"
    return (
        one_line(image_id),
        old,
        new,
        one_line(subject),
    )


def _names(before: ImageVersion | None, now: ImageVersion | None) -> tuple[str, str]:
    if before and now:
        return version_names(before.commit, before.digest, now.commit, now.digest)
    return _name(before), _name(now)


def _name(version: ImageVersion | None) -> str:
    return version_name(version.commit, version.digest) if version else _ABSENT
