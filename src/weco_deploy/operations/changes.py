"""Compares the commits of two releases or environments, and finds out where a commit is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from weco_deploy.errors import Command, NotFound, UsageError
from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.results import Changes, CommitInEnvironment, LiveImage, WhereCommitIs
from weco_deploy.model.tags import LATEST
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.operations.image_versions import applied_version
from weco_deploy.operations.named_commit import named_commit
from weco_deploy.operations.release import choose, prefix_hint
from weco_deploy.ports import Ports
from weco_deploy.rules import changes as rules

STAGE, PROD = "stage", "prod"
BETWEEN = ".."
RELEASES = 50
"""How many of the newest releases are searched for a commit."""
DEPLOYMENTS = 100
"""How many of an environment's newest deployments are searched for the one that brought a commit."""


class _Applied(NamedTuple):
    """The version of an image that was deployed last, and whether it worked."""

    version: ImageVersion
    worked: bool


def changes(ports: Ports, text: str | None) -> Changes:
    """The commits between `A..B`, of which each is an environment's id, or a release as `choose` finds it.

    By default, what `promote` would bring from stage to prod.

    Raises:
        UsageError: the text is not `A..B`, or there is no stage or prod. NotFound: there is no such release, or nothing was
        deployed to the environment.

    """
    base_name, head_name = _sides(ports, text)
    (base_id, base), (head_id, head) = ports.calls.read(
        partial(_versions, ports, name) for name in (base_name, head_name)
    )
    pairs = rules.pairs(base, head)
    between = ports.history.between(pairs.values())
    return Changes(
        base=base_id,
        head=head_id,
        at=ports.clock.utc(),
        commits=rules.added(pairs, between),
        lost=rules.lost(pairs, between),
        unknown=rules.unknown(base, head, between),
        unchanged=tuple(
            image_id for image_id, now in head.items() if now and rules.same(base.get(image_id), now)
        ),
        repository=WebRepository.of(ports.history.remote_url()),
    )


def where(ports: Ports, name: str) -> WhereCommitIs:
    """The releases and environments that have a commit.

    Args:
        ports: the project's.
        name: a commit's id, an abbreviation of one, a branch, a tag or `HEAD`.

    Raises:
        NotFound, UsageError: as `named_commit` does.

    """
    commit = named_commit(ports, name)
    environments = [environment.id for environment in ports.project.environments]
    releases = ports.calls.begin(partial(ports.store.releases, RELEASES))
    records = ports.calls.read(partial(images_of_environment, ports, id_) for id_ in environments)
    histories = ports.calls.read(partial(ports.store.deployments, [id_], DEPLOYMENTS) for id_ in environments)
    newest = ports.calls.answer(releases)
    has = ports.history.including(
        commit.commit,
        (
            *(version.commit for release in newest for version in release.versions.values()),
            *(applied.version.commit for images in records for applied in images.values()),
            *(applied for history in histories for applied in _applied_commits(history)),
        ),
    )
    return WhereCommitIs(
        commit=commit,
        at=ports.clock.utc(),
        releases=_releases_with(newest, has),
        environments=tuple(
            _in_environment(id_, images, history, has)
            for id_, images, history in zip(environments, records, histories, strict=True)
        ),
        repository=WebRepository.of(ports.history.remote_url()),
    )


def commits_by_image(ports: Ports, deployment: Deployment) -> dict[str, tuple[Commit, ...]]:
    """The commits that a deployment brought, by image id, for the images that it changed and whose history is known."""
    return {image_id: found.added for image_id, found in commits_between_by_image(ports, deployment).items()}


def commits_between_by_image(ports: Ports, deployment: Deployment) -> dict[str, CommitsBetween]:
    """The commits that a deployment brought and took away, by image id, for the images as in `commits_by_image`."""
    pairs = {
        image_id: (change.from_commit, change.to_commit)
        for image_id, change in deployment.images.items()
        if change.from_commit and change.to_commit and change.from_commit != change.to_commit
    }
    between = ports.history.between(pairs.values())
    return {image_id: between[pair] for image_id, pair in pairs.items() if pair in between}


def _sides(ports: Ports, text: str | None) -> tuple[str, str]:
    known = {environment.id for environment in ports.project.environments}
    if text is None:
        if not {STAGE, PROD} <= known:
            raise UsageError(
                f"project {ports.project.id} does not have both {STAGE} and {PROD}, so there is no default",
                "name two environments or releases: A..B",
            )
        return PROD, STAGE
    # An environment's id may contain dots, so take the split that names the most environments.
    splits = [
        (text[:at], text[at + len(BETWEEN) :])
        for at in range(1, len(text) - len(BETWEEN))
        if text[at : at + len(BETWEEN)] == BETWEEN
    ]
    if not splits:
        raise UsageError(
            f"{text!r} does not name two environments or releases", "write them as A..B, such as prod..stage"
        )
    return max(splits, key=lambda sides: len(known.intersection(sides)))


def _versions(ports: Ports, name: str) -> tuple[str, Mapping[str, ImageVersion | None]]:
    """The name, and the versions of the images, of an environment or a release."""
    if name in {environment.id for environment in ports.project.environments}:
        images = images_of_environment(ports, name)
        if not images:
            raise NotFound(
                f"nothing was deployed to {name} yet",
                ("list releases to compare with: ", Command("show-releases")),
            )
        return name, {image_id: applied.version for image_id, applied in images.items()}
    try:
        release = choose(ports, name)
    except NotFound as error:
        if name == LATEST:
            raise
        known = ", ".join(environment.id for environment in ports.project.environments)
        raise NotFound(
            f"project {ports.project.id} has no environment, release or deployment {name!r}",
            (f"its environments: {known}; {prefix_hint(name)}list releases with: ", Command("show-releases")),
        ) from error
    return release.release_id, release.images


def images_of_environment(ports: Ports, environment_id: str) -> Mapping[str, _Applied]:
    """What is recorded as deployed there: image by image, or the release that 5.x deployed last."""
    record = ports.store.environment(environment_id)
    if record.images:
        return {
            image_id: _Applied(applied_version(image), image.worked)
            for image_id, image in record.images.items()
        }
    release = _current(ports, record)
    return (
        {image_id: _Applied(version, worked=True) for image_id, version in release.versions.items()}
        if release
        else {}
    )


def _current(ports: Ports, record: EnvironmentRecord) -> Release | None:
    return ports.store.release(record.current.release_id) if record.current else None


def _applied_commits(history: Sequence[Deployment]) -> list[str]:
    return [
        commit
        for deployment in history
        for image_id in deployment.images
        if (commit := _applied_commit(deployment, image_id)) is not None
    ]


def _applied_commit(deployment: Deployment, image_id: str) -> str | None:
    """The commit of the image's version that the deployment applied."""
    change = deployment.images.get(image_id)
    return change.to_commit if change and change.applied else None


def _releases_with(releases: Sequence[Release], has: Mapping[str, bool]) -> dict[str, tuple[str, ...]]:
    found = {
        release.release_id: tuple(
            image_id for image_id, version in release.versions.items() if has.get(version.commit)
        )
        for release in releases
    }
    return {release_id: images for release_id, images in found.items() if images}


def _in_environment(
    environment_id: str,
    images: Mapping[str, _Applied],
    history: Sequence[Deployment],
    has: Mapping[str, bool],
) -> CommitInEnvironment:
    including = {image_id: has.get(applied.version.commit) for image_id, applied in images.items()}
    return CommitInEnvironment(
        environment=environment_id,
        live=tuple(
            _live(image_id, history, has)
            for image_id, applied in images.items()
            if including[image_id] and applied.worked
        ),
        failed=tuple(
            image_id for image_id, applied in images.items() if including[image_id] and not applied.worked
        ),
        without=tuple(image_id for image_id, included in including.items() if included is False),
        unknown=tuple(image_id for image_id, included in including.items() if included is None),
    )


def _live(image_id: str, history: Sequence[Deployment], has: Mapping[str, bool]) -> LiveImage:
    """The image with the first deployment since which its version always had the commit and worked."""
    first: Deployment | None = None
    for deployment in history:  # the newest first
        commit = _applied_commit(deployment, image_id)
        if commit is None:
            continue
        if not has.get(commit) or not deployment.worked(image_id):
            break
        first = deployment
    return LiveImage(
        image_id=image_id,
        since=(first.date_finished or first.date_created) if first else None,
        deployment_id=first.deployment_id if first else None,
    )
