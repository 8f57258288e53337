"""Settings of one account and region that only `doctor` reads."""

from __future__ import annotations

from typing import Protocol

from weco_deploy.model.setup import Identity, LifecyclePolicy, TableSettings


class SetupReader(Protocol):
    """Each method is one AWS call and may raise AwsError."""

    def identity(self) -> Identity:
        """Whose credentials are used, after the role was assumed if there is one."""

    def table(self, name: str) -> TableSettings | None:
        """The settings of a table; None if there is none."""

    def recovers(self, table: str) -> bool:
        """Whether the table has point-in-time recovery. NotFound: no such table."""

    def lifecycle(self, repository: str) -> LifecyclePolicy | None:
        """The lifecycle policy of a repository; None if it has none, or does not exist."""
