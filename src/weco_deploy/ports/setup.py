"""Settings of one account and region that only `doctor` reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from weco_deploy.model.service import Service, TaskDefinition
from weco_deploy.model.setup import DeniedAction, Identity, LifecyclePolicy, TableSettings


class SetupReader(Protocol):
    """Each method is one AWS call, or a few, and may raise AwsError."""

    def identity(self) -> Identity:
        """Whose credentials are used, after the role was assumed if there is one."""

    def table(self, name: str) -> TableSettings | None:
        """The settings of a table; None if there is none."""

    def recovers(self, table: str) -> bool:
        """Whether the table has point-in-time recovery. NotFound: no such table."""

    def lifecycle(self, repository: str) -> LifecyclePolicy | None:
        """The lifecycle policy of a repository; None if it has none, or does not exist."""

    def denied(
        self,
        services: Sequence[Service],
        log_groups: Sequence[str],
        definitions: Sequence[TaskDefinition] = (),
    ) -> Sequence[DeniedAction]:
        """The actions of deployments that policies deny here, by IAM's policy simulator.

        For an environment these concern its `services` and `log_groups`, and the `definitions` of tasks before the restart; for the project's account, its images and records.
        NotFound: an emulator without IAM, which allows everything.
        """
