"""Reads the settings of a project's table and repositories, and the images that are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.image import Repository, TaggedImage
from weco_deploy.model.project import Environment, Image
from weco_deploy.model.setup import ImageInUse, LifecyclePolicy, TableSettings
from weco_deploy.model.tags import LATEST
from weco_deploy.pipeline.attempts import begin_attempt
from weco_deploy.ports import Calls, Ports

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """What was read of a project's table and repositories.

    `policies` are by repository; `latest` has the images with that label, `used` the images that are deployed or worked last.
    """

    table: Answer[TableSettings | None]
    recovers: Answer[bool]
    repositories: Answer[Mapping[str, Repository]]
    policies: Mapping[str, Answer[LifecyclePolicy | None]]
    latest: Mapping[Image, Answer[TaggedImage | None]]
    used: Answer[Sequence[ImageInUse]]


@dataclass(frozen=True, slots=True)
class BegunSettings:
    """The first calls for `StoredSettings`. `records` are those of the environments."""

    records: Mapping[Environment, Future[Answer[EnvironmentRecord]]]
    table: Future[Answer[TableSettings | None]]
    recovers: Future[Answer[bool]]
    repositories: Future[Answer[Mapping[str, Repository]]]
    policies: Mapping[str, Future[Answer[LifecyclePolicy | None]]]
    latest: Mapping[Image, Future[Answer[TaggedImage | None]]]

    def answer(self, ports: Ports) -> StoredSettings:
        """Wait for these calls, and make those that need their answers."""
        calls = ports.calls
        policies = _answers(self.policies, calls)
        return StoredSettings(
            table=calls.answer(self.table),
            recovers=calls.answer(self.recovers),
            repositories=calls.answer(self.repositories),
            policies=policies,
            latest=_answers(self.latest, calls),
            used=_used(ports, _answers(self.records, calls), policies),
        )


def begin_settings(ports: Ports, environments: Sequence[Environment]) -> BegunSettings:
    """Begin to read the settings. The records come first, because the services are found with them."""
    calls, project, setup = ports.calls, ports.project, ports.setup(None)
    names = list(dict.fromkeys(image.repository for image in project.images))
    return BegunSettings(
        records={
            environment: begin_attempt(calls, partial(ports.store.environment, environment.id))
            for environment in environments
        },
        table=begin_attempt(calls, partial(setup.table, project.release_table)),
        recovers=begin_attempt(calls, partial(setup.recovers, project.release_table)),
        repositories=begin_attempt(calls, partial(ports.registry.repositories, names)),
        policies={name: begin_attempt(calls, partial(setup.lifecycle, name)) for name in names},
        latest={
            image: begin_attempt(calls, partial(ports.registry.find, image.repository, LATEST))
            for image in project.images
        },
    )


def read_revisions(ports: Ports, images: Mapping[Image, str]) -> Mapping[str, Answer[str | None]]:
    """The commits in the labels of these images, by image id. `images` has their digests."""
    begun = {
        image.id: begin_attempt(ports.calls, partial(ports.registry.revision, image.repository, digest))
        for image, digest in images.items()
    }
    return _answers(begun, ports.calls)


def _used(
    ports: Ports,
    records: Mapping[Environment, Answer[EnvironmentRecord]],
    policies: Mapping[str, Answer[LifecyclePolicy | None]],
) -> Answer[Sequence[ImageInUse]]:
    """The images that are deployed or worked last, of repositories that have a lifecycle policy."""
    watched = [image for image in ports.project.images if policies.get(image.repository)]
    if not watched:
        return ()
    why: dict[tuple[Image, str], list[str]] = {}
    begun = {}
    never_deployed: list[tuple[Image, Environment]] = []
    for environment, record in records.items():
        if isinstance(record, DeployError):
            return record
        _add(why, watched, _digests(record), f"deployed to {environment.id}")
        never_deployed += [(image, environment) for image in watched if image.id not in record.images]
        if record.good is not None:
            read = partial(ports.store.deployment, record.good.deployment_id)
            begun[environment] = begin_attempt(ports.calls, read)
    for environment, deployment in _answers(begun, ports.calls).items():
        if isinstance(deployment, DeployError):
            return deployment
        if deployment is not None:
            digests = {image_id: change.to_digest for image_id, change in deployment.images.items()}
            _add(why, watched, digests, f"last known good in {environment.id}")
    for (image, environment), tagged in _tagged(ports, never_deployed).items():
        if isinstance(tagged, DeployError):
            return tagged
        if tagged is not None:
            _add(why, [image], {image.id: tagged.digest}, f"tagged {image.tag_in(environment)}")
    return _with_tags(ports, why)


def _tagged(
    ports: Ports, images: Sequence[tuple[Image, Environment]]
) -> Mapping[tuple[Image, Environment], Answer[TaggedImage | None]]:
    """What the environments' tags point at. Before the first deployment by this tool, services run these images."""
    find = ports.registry.find
    begun = {
        (image, environment): begin_attempt(
            ports.calls, partial(find, image.repository, image.tag_in(environment))
        )
        for image, environment in images
    }
    return _answers(begun, ports.calls)


def _digests(record: EnvironmentRecord) -> Mapping[str, str]:
    return {image_id: applied.digest for image_id, applied in record.images.items()}


def _add(
    why: dict[tuple[Image, str], list[str]],
    images: Sequence[Image],
    digests: Mapping[str, str],
    reason: str,
) -> None:
    for image in images:
        if digest := digests.get(image.id):
            why.setdefault((image, digest), []).append(reason)


def _with_tags(ports: Ports, why: Mapping[tuple[Image, str], Sequence[str]]) -> Answer[Sequence[ImageInUse]]:
    """The images that ECR still has, with their tags."""
    begun = {
        (image, digest): begin_attempt(ports.calls, partial(ports.registry.find, image.repository, digest))
        for image, digest in why
    }
    used = []
    for (image, digest), tagged in _answers(begun, ports.calls).items():
        if isinstance(tagged, DeployError):
            return tagged
        if tagged is not None:
            used.append(
                ImageInUse(
                    image_id=image.id,
                    repository=image.repository,
                    digest=digest,
                    tags=tagged.tags,
                    why=tuple(why[image, digest]),
                )
            )
    return used


def _answers(begun: Mapping[K, Future[T]], calls: Calls) -> dict[K, T]:
    return dict(zip(begun, calls.answers(begun.values()), strict=True))
