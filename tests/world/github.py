"""The port GitHubRepository, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from weco_deploy.model.github import DeploymentReport
from weco_deploy.ports import GitHubError


@dataclass(slots=True)
class StoredDeployment:
    commit: str
    environment: str
    deployment_id: str
    reports: list[DeploymentReport] = field(default_factory=list)

    @property
    def states(self) -> list[str]:
        return [report.state.value for report in self.reports]


@dataclass(slots=True)
class StoredGitHub:
    """A repository. `merged` are the numbers of pull requests, by commit; `labels` and `comments` are by number.

    `refuses` are the methods that fail, with what they raise. `missing` is why there is no access.
    """

    merged: dict[str, list[int]] = field(default_factory=dict)
    deployments: list[StoredDeployment] = field(default_factory=list)
    labels: dict[int, set[str]] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    refuses: dict[str, GitHubError] = field(default_factory=dict)
    missing: str = ""
    requests: list[str] = field(default_factory=list)

    def repository(self) -> WorldGitHub:
        if self.missing:
            raise GitHubError(self.missing, lasting=True)
        return WorldGitHub(self)


class WorldGitHub:
    def __init__(self, stored: StoredGitHub) -> None:
        self._stored = stored

    def _request(self, name: str) -> None:
        self._stored.requests.append(name)
        if name in self._stored.refuses:
            raise self._stored.refuses[name]

    def pull_requests(self, commit: str) -> Sequence[int]:
        self._request("pull_requests")
        return self._stored.merged.get(commit, [])

    def deployment(self, environment: str, deployment_id: str) -> int | None:
        self._request("deployment")
        for number, stored in enumerate(self._stored.deployments):
            if (stored.environment, stored.deployment_id) == (environment, deployment_id):
                return number
        return None

    def create_deployment(
        self,
        *,
        commit: str,
        environment: str,
        deployment_id: str,
        release_id: str,  # noqa: ARG002 - as the port
        description: str,  # noqa: ARG002 - as the port
    ) -> int:
        self._request("create_deployment")
        self._stored.deployments.append(StoredDeployment(commit, environment, deployment_id))
        return len(self._stored.deployments) - 1

    def report(self, github_id: int, report: DeploymentReport) -> None:
        self._request("report")
        self._stored.deployments[github_id].reports.append(report)

    def add_label(self, pull_request: int, label: str) -> None:
        self._request("add_label")
        self._stored.labels.setdefault(pull_request, set()).add(label)

    def remove_label(self, pull_request: int, label: str) -> None:
        self._request("remove_label")
        self._stored.labels.get(pull_request, set()).discard(label)

    def comment(self, pull_request: int, marker: str) -> int | None:
        self._request("comment")
        texts = self._stored.comments.get(pull_request, [])
        return next((place for place, text in enumerate(texts) if marker in text), None)

    def write_comment(self, pull_request: int, text: str, comment: int | None) -> None:
        self._request("write_comment")
        texts = self._stored.comments.setdefault(pull_request, [])
        if comment is None:
            texts.append(text)
        else:
            texts[comment] = text
