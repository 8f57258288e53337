"""Reads what the pages of `board` show: the state of the environments, and their last deployments with what explains them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from weco_deploy.model.board import Board
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.release import Release
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.operations.show_deployment import details, new_commits, with_log_lines
from weco_deploy.operations.status import status
from weco_deploy.ports import Ports

LISTED = 20
"""How many deployments to each environment have a page."""


class BoardReader:
    """Reads the board, once or repeatedly.

    What can't change any more is read once: the releases, and the log lines of deployments that have ended.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._releases: dict[str, Release | None] = {}
        # By the deployment's id: the deployment as it was recorded, and with its log lines.
        self._explained: dict[str, tuple[Deployment, Deployment]] = {}

    def read(self) -> Board:
        """The state of the project. The deployments are those that `status` reads; their releases and logs are read side by side.

        An environment that can't be read has its error instead. If that is so of all, the first error is raised.
        """
        ports = self._ports
        found = status(ports, None)
        histories = {id_: state.history for id_, state in found.readable.items()}
        listed = [deployment for history in histories.values() for deployment in history[:LISTED]]
        self._read_what_is_new(listed)
        commits = [commit for deployment in listed for commit in new_commits(deployment)]
        subjects = ports.history.subjects(list(dict.fromkeys(commits)))
        return Board(
            project_id=ports.project.id,
            project_name=ports.project.name,
            status=found,
            deployments={
                id_: tuple(
                    details(
                        self._explained[deployment.deployment_id][1],
                        others=history,
                        release=self._releases[deployment.release_id],
                        subjects=subjects,
                    )
                    for deployment in history[:LISTED]
                )
                for id_, history in histories.items()
            },
            repository=WebRepository.of(ports.history.remote_url()),
        )

    def _read_what_is_new(self, listed: Iterable[Deployment]) -> None:
        ports = self._ports
        changed = [deployment for deployment in listed if not self._knows(deployment)]
        release_ids = list(
            dict.fromkeys(
                deployment.release_id for deployment in changed if deployment.release_id not in self._releases
            )
        )
        begun = [ports.calls.begin(partial(ports.store.release, release_id)) for release_id in release_ids]
        explained = with_log_lines(ports, changed)
        self._releases.update(zip(release_ids, ports.calls.answers(begun), strict=True))
        for deployment, with_lines in zip(changed, explained, strict=True):
            self._explained[deployment.deployment_id] = (deployment, with_lines)

    def _knows(self, deployment: Deployment) -> bool:
        """Whether nothing new can be said of it: its record is the same, and its tasks write no more logs."""
        recorded, _ = self._explained.get(deployment.deployment_id, (None, None))
        return recorded == deployment and deployment.date_finished is not None
