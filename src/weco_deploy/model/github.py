"""What weco-deploy writes to GitHub about deployments."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubSettings:
    """Which of these are written: deployments with their statuses, labels and comments of pull requests."""

    deployments: bool = False
    labels: bool = False
    comments: bool = False

    @property
    def marks_pull_requests(self) -> bool:
        return self.labels or self.comments


class DeploymentState(StrEnum):
    """The states of a GitHub deployment that weco-deploy sets."""

    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentReport:
    """A state of a GitHub deployment. The URLs are of the environment and of the build."""

    state: DeploymentState
    description: str
    environment_url: str | None = None
    log_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestMarks:
    """The numbers of the pull requests whose commits run in an environment now, and of those that no longer do."""

    deployed: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
