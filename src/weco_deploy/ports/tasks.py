"""Tasks that deployments run themselves, outside of services.

Each method is one AWS call, or one listing with its pages. Every method may raise AwsError.
"""

from __future__ import annotations

from typing import Protocol

from weco_deploy.model.launch import NewTask
from weco_deploy.model.service import Task, TaskDefinition


class TaskRunner(Protocol):
    """Tasks in one account and region."""

    def definition(self, name: str) -> TaskDefinition | None:
        """The task definition of an ARN, of `<family>:<revision>`, or of a family's newest revision; None if there is none."""

    def run(self, task: NewTask) -> Task:
        """Run the task, or return the task that ECS runs for its token already.

        Raises AwsError with ECS's reason if ECS can't place it.
        """

    def task(self, cluster: str, arn: str) -> Task | None:
        """The task; None if ECS does not know it, or not any more: it forgets tasks about an hour after they stopped."""

    def begun(self, cluster: str, family: str, token: str) -> Task | None:
        """The task that ECS runs or ran for a token; None if there is none, or ECS has forgotten it."""

    def stop(self, cluster: str, arn: str, reason: str) -> None:
        """Tell the task to stop."""
