"""Lists of releases, deployments and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DEFAULT_DESCRIPTION
from weco_deploy.model.results import LabelledImage
from weco_deploy.report.next_steps import command
from weco_deploy.report.page import DIM, Page, status_style
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import duration, listed, minute, person, short_commit, short_id, version_name


def releases_text(
    releases: Sequence[Release],
    screen: Screen,
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
        Column("made (UTC)"),
        Column("release"),
        Column("images"),
        Column("from"),
        Column("deployed to", 12),
        Column("by"),
        Column("description", 16, prose=True, below=True),
        Column("build", below=True),
    )
    page.table(
        columns,
        [_release_row(release, (unsuccessful or {}).get(release.release_id, {})) for release in releases],
        indent=0,
    )
    return page.text()


def deployments_text(deployments: Sequence[Deployment], screen: Screen, options: Sequence[str] = ()) -> str:
    """A table with a row for each deployment. `options` are used as in `releases_text`."""
    page = Page(screen)
    if not deployments:
        page.line(f"No deployments yet. Make one: {command(*options, 'deploy')}")
        return page.text()
    columns = (
        Column("begun (UTC)"),
        Column("id"),
        Column("release"),
        Column("to", 8),
        Column("status"),
        Column("kind"),
        Column("took"),
        Column("by", 12, below=True),
        Column("description", 16, prose=True, below=True),
        Column("build", below=True),
    )
    page.table(columns, [_deployment_row(deployment) for deployment in deployments], indent=0)
    return page.text()


def images_text(label: str, images: Mapping[str, LabelledImage | None], screen: Screen) -> str:
    """A table with the image that `label` points at in each repository."""
    page = Page(screen)
    if not images:
        page.line("The project has no images.")
        return page.text()
    columns = (Column("image", 12), Column("version"), Column("pushed (UTC)"))
    page.line(f"Images labelled {one_line(label)}:")
    page.table(columns, [_image_row(image_id, image) for image_id, image in images.items()])
    for image_id, image in images.items():
        if image is not None and image.remark:
            remark = f"{image.digest}, {image.remark}"
            page.line(f"{one_line(image_id)}: {one_line(label)} points at {one_line(remark)}")
    return page.text()


def _release_row(release: Release, unsuccessful: Mapping[str, DeploymentStatus]) -> tuple[Cell, ...]:
    environments = dict.fromkeys(deployment.environment for deployment in release.deployments)
    tried = [
        f"{name} ({unsuccessful[name].value})" if name in unsuccessful else name for name in environments
    ]
    return (
        minute(release.date_created),
        short_id(release.release_id),
        str(len(release.versions)),
        short_commit(release.commit) if release.commit else one_line(release.from_label or ""),
        listed(tried),
        person(release.requested_by),
        _described(release.description),
        one_line(release.build_url or ""),
    )


def _deployment_row(deployment: Deployment) -> tuple[Cell, ...]:
    return (
        minute(deployment.date_created),
        short_id(deployment.deployment_id),
        short_id(deployment.release_id),
        one_line(deployment.environment),
        Styled(deployment.status.value, status_style(deployment.status)),
        deployment.kind.value,
        duration(deployment.date_finished - deployment.date_created) if deployment.date_finished else "",
        person(deployment.requested_by),
        _described(deployment.description),
        one_line(deployment.build_url or ""),
    )


def _described(description: str) -> str:
    """The description; empty if nobody gave one."""
    return "" if description == DEFAULT_DESCRIPTION else one_line(description)


def _image_row(image_id: str, image: LabelledImage | None) -> tuple[Cell, ...]:
    if image is None:
        return one_line(image_id), Styled("no such label", DIM), ""
    return (
        one_line(image_id),
        version_name(image.version.commit if image.version else None, image.digest),
        minute(image.pushed_at) if image.pushed_at else "",
    )
