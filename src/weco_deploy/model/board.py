"""Everything that the pages of `board` show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weco_deploy.model.results import DeploymentDetails
from weco_deploy.model.status import Status
from weco_deploy.model.web_repository import WebRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A project's environments, what waits to be promoted, and the last deployments.

    `deployments` has the last ones to each environment that could be read, by its id, the newest first. `repository` is None
    if nothing is known of its web pages.
    """

    project_id: str
    project_name: str
    status: Status
    deployments: Mapping[str, tuple[DeploymentDetails, ...]]
    repository: WebRepository | None = None

    @property
    def pages(self) -> frozenset[str]:
        """The ids of the deployments that have a page."""
        return frozenset(
            details.deployment.deployment_id for listed in self.deployments.values() for details in listed
        )
