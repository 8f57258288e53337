"""Lists of releases, deployments and images.

On a terminal times are local and as people say them. A file is read later, and elsewhere: it has dates and times in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.model.results import LabelledImage
from weco_deploy.report.next_steps import command
from weco_deploy.report.page import DIM, Page, status_style
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import (
    brief_duration,
    brief_moment,
    described,
    duration,
    listed,
    minute,
    person,
    short_commit,
    short_id,
    version_name,
)


def releases_text(
    releases: Sequence[Release],
    screen: Screen,
    now: datetime,
    options: Sequence[str] = (),
    unsuccessful: Mapping[str, Mapping[str, DeploymentStatus]] | None = None,
) -> str:
    """A table with a row for each release. `deployed to` names each environment once.

    `unsuccessful` has, by release id, the environments in which the release never succeeded, with the status that is shown.
    If there are no releases, the text names a command, which repeats the global `options`.
    """
    page = Page(screen)
    if not releases:
        page.line(f"No releases yet. Make one: {command(*options, 'prepare')}")
        return page.text()
    columns = (
        Column(_of_times("made", screen)),
        Column("release"),
        Column("images"),
        Column("from"),
        Column("deployed to", 12),
        Column("by", below=True),
        Column("description", 16, prose=True, below=True),
        Column("build", below=True),
    )
    page.table(
        columns,
        [
            _release_row(release, screen, now, (unsuccessful or {}).get(release.release_id, {}))
            for release in releases
        ],
        indent=0,
    )
    return page.text()


def deployments_text(
    deployments: Sequence[Deployment], screen: Screen, now: datetime, options: Sequence[str] = ()
) -> str:
    """A table with a row for each deployment. `options` are used as in `releases_text`."""
    page = Page(screen)
    if not deployments:
        page.line(f"No deployments yet. Make one: {command(*options, 'deploy')}")
        return page.text()
    columns = (
        Column(_of_times("begun", screen)),
        Column("id"),
        Column("release"),
        Column("to", 8),
        Column("status"),
        Column("kind"),
        Column("took"),
        Column("by", below=True),
        Column("description", 16, prose=True, below=True),
        Column("build", below=True),
    )
    rows = [_deployment_row(deployment, screen, now) for deployment in deployments]
    page.table(columns, rows, indent=0)
    return page.text()


def images_text(label: str, images: Mapping[str, LabelledImage | None], screen: Screen, now: datetime) -> str:
    """A table with the image that `label` points at in each repository."""
    page = Page(screen)
    if not images:
        page.line("The project has no images.")
        return page.text()
    columns = (Column("image", 12), Column("version"), Column(_of_times("pushed", screen)))
    page.line(f"Images labelled {one_line(label)}:")
    page.table(columns, [_image_row(image_id, image, screen, now) for image_id, image in images.items()])
    for image_id, image in images.items():
        if image is not None and image.remark:
            remark = f"{image.digest}, {image.remark}"
            page.line(f"{one_line(image_id)}: {one_line(label)} points at {one_line(remark)}")
    return page.text()


def _of_times(heading: str, screen: Screen) -> str:
    return heading if screen.terminal else f"{heading} (UTC)"


def _moment(at: datetime, screen: Screen, now: datetime) -> str:
    return brief_moment(at, now) if screen.terminal else minute(at)


def _release_row(
    release: Release, screen: Screen, now: datetime, unsuccessful: Mapping[str, DeploymentStatus]
) -> tuple[Cell, ...]:
    environments = dict.fromkeys(deployment.environment for deployment in release.deployments)
    tried = [
        f"{name} ({_word(unsuccessful[name])})" if name in unsuccessful else name for name in environments
    ]
    return (
        _moment(release.date_created, screen, now),
        short_id(release.release_id),
        str(len(release.versions)),
        short_commit(release.commit) if release.commit else one_line(release.from_label or ""),
        listed(tried),
        person(release.requested_by),
        described(release.description),
        one_line(release.build_url or ""),
    )


def _deployment_row(deployment: Deployment, screen: Screen, now: datetime) -> tuple[Cell, ...]:
    took = brief_duration if screen.terminal else duration
    return (
        _moment(deployment.date_created, screen, now),
        short_id(deployment.deployment_id),
        short_id(deployment.release_id),
        one_line(deployment.environment),
        Styled(_word(deployment.status), status_style(deployment.status)),
        deployment.kind.value,
        took(deployment.took) if deployment.took is not None else "",
        person(deployment.requested_by),
        described(deployment.description),
        one_line(deployment.build_url or ""),
    )


def _word(status: DeploymentStatus) -> str:
    return status.value.replace("_", " ")


def _image_row(image_id: str, image: LabelledImage | None, screen: Screen, now: datetime) -> tuple[Cell, ...]:
    if image is None:
        return one_line(image_id), Styled("no such label", DIM), ""
    return (
        one_line(image_id),
        version_name(image.version.commit if image.version else None, image.digest),
        _moment(image.pushed_at, screen, now) if image.pushed_at else "",
    )
