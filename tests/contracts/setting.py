"""What the contract tests say about a place where images and services are: in words, without boto.

An implementation declares state (`push`, `service`) and gives the ports under test. What it can't show
at all is in `lacks`, with the reason: a test that needs it is skipped there and runs elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pytest

from weco_deploy.model.service import ServiceKey, Task
from weco_deploy.ports import ImageRegistry, LogReader, ServiceRuntime


class RegistrySetting(Protocol):
    """An empty account in which a test declares which images there are."""

    @property
    def registry(self) -> ImageRegistry: ...

    @property
    def lacks(self) -> Mapping[str, str]:
        """Trait → why it can't be shown here. The traits are the constants below."""

    def repository(self, name: str, *, mutability: str = "MUTABLE", exclusions: tuple[str, ...] = ()) -> None:
        """A repository, with the wildcards that its exclusion names."""

    def push(self, repository: str, *tags: str, multi_arch: bool = False) -> str:
        """A new image, unlike any before, under these tags; answers its digest. Tags move to it."""

    def retag(self, repository: str, digest: str, tag: str) -> None:
        """Somebody else moves a tag."""

    def expire(self, repository: str, digest: str) -> None:
        """The image is deleted, as a lifecycle policy does."""


class Setting(RegistrySetting, Protocol):
    """An empty account in which a test declares which services there are."""

    @property
    def runtime(self) -> ServiceRuntime: ...

    @property
    def logs(self) -> LogReader: ...

    def cluster(self, name: str) -> str:
        """A cluster without services; answers its ARN."""

    def service(
        self,
        service_id: str,
        *,
        environment: str,
        cluster: str,
        images: Mapping[str, str],
        desired: int = 1,
        breaker: bool = True,
        controller: str = "ECS",
    ) -> ServiceKey:
        """A service of the name `<service id>-<environment>` in the cluster of that name, with our tags.

        `images` are container name → image as the task definition names it. Its cluster is made if it
        is not there. Answers once the tasks run, where services get tasks.
        """

    def untagged_service(self, name: str, *, cluster: str) -> ServiceKey:
        """A service that is nobody's, without tasks."""

    def delete(self, key: ServiceKey) -> None:
        """The service is deleted: ECS goes on showing it as INACTIVE for a while."""

    def stop(self, task: Task) -> None:
        """Somebody stops the task by hand."""

    def log(self, group: str, stream: str, *lines: str) -> None:
        """These lines are in the log."""


TASKS = "services get tasks"
EXCLUSIONS = "repositories may exclude tags from their mutability"
NEW_DEPLOYMENTS = "a redeployed service shows the old deployment too"


def needs(setting: RegistrySetting, *traits: str) -> None:
    """Skip the test where the setting can't show what it is about."""
    for trait in traits:
        if trait in setting.lacks:
            pytest.skip(setting.lacks[trait])
