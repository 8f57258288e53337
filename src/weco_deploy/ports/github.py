"""The repository on GitHub whose commits are deployed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from weco_deploy.model.github import DeploymentReport


class GitHubError(Exception):
    """GitHub refused a request, or did not answer. The text says which, without any secret.

    `lasting` is whether the next request would fail, too: no answer, no permission, or a rate limit.
    """

    def __init__(self, message: str, *, lasting: bool) -> None:
        super().__init__(message)
        self.lasting = lasting


class GitHubRepository(Protocol):
    """Each method is one request, or a listing with its pages, and may raise GitHubError."""

    def pull_requests(self, commit: str) -> Sequence[int]:
        """The numbers of the merged pull requests that brought a commit: by a merge, a squash or a rebase."""

    def deployment(self, environment: str, deployment_id: str) -> int | None:
        """The id at GitHub of a deployment of ours, among the newest of the environment."""

    def create_deployment(
        self, *, commit: str, environment: str, deployment_id: str, release_id: str, description: str
    ) -> int:
        """Create a deployment and return its id at GitHub."""

    def report(self, github_id: int, report: DeploymentReport) -> None:
        """Add a status to a deployment."""

    def add_label(self, pull_request: int, label: str) -> None: ...

    def remove_label(self, pull_request: int, label: str) -> None:
        """Fine if it does not have the label."""

    def comment(self, pull_request: int, marker: str) -> int | None:
        """The id of the comment that contains the marker."""

    def write_comment(self, pull_request: int, text: str, comment: int | None) -> None:
        """Write a comment, or change the text of this one."""
