"""Writes a deployment to GitHub. It is a sink, so it can neither delay nor fail the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weco_deploy.errors import DeployError
from weco_deploy.model.events import Claimed, Envelope, Event
from weco_deploy.operations.github import CommentTexts, GitHubUpdate
from weco_deploy.ports import NotDelivered
from weco_deploy.rules.notifications import Occasions

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.model.project import Environment
    from weco_deploy.ports import Ports

SINK = "GitHub"


def add_github_sink(context: ProjectContext, environment_id: str) -> None:
    """Let GitHub get the deployments of this run, if the project file wants that."""
    if context.project.github is not None:
        invocation, environment = context.invocation, context.project.environment(environment_id)
        sink = GitHubSink(context.ports, environment)
        invocation.event_sinks = {**invocation.event_sinks, SINK: sink}


class GitHubSink:
    """Writes the deployments of a run, in the thread of the sink."""

    def __init__(self, ports: Ports, environment: Environment) -> None:
        self._ports = ports
        self._environment = environment
        self._occasion_of = Occasions()
        self._updates: dict[str, GitHubUpdate] = {}

    def __call__(self, envelope: Envelope) -> None:
        """Write the beginning or the end of a deployment. Raises NotDelivered."""
        try:
            self._write(envelope.event)
        except DeployError as error:
            raise NotDelivered(error.message) from error

    def _write(self, event: Event) -> None:
        occasion = self._occasion_of(event)
        if isinstance(event, Claimed) and occasion is not None:
            update = self._updates[event.deployment.deployment_id] = self._update()
            update.begin(event.deployment, new=True)
        elif occasion is not None and occasion.deployment is not None:
            begun = self._updates.get(occasion.deployment.deployment_id)
            if begun is not None:
                begun.end(occasion.deployment)
            else:  # an earlier deployment, which was cut off
                self._update().write(occasion.deployment)

    def _update(self) -> GitHubUpdate:
        return github_update(self._ports, self._environment)


def github_update(ports: Ports, environment: Environment) -> GitHubUpdate:
    """What writes a deployment to GitHub."""
    from weco_deploy.model.github import GitHubSettings
    from weco_deploy.report.github_comment import comment, overdue_comment

    settings = ports.project.github or GitHubSettings()
    return GitHubUpdate(ports, settings, environment, CommentTexts(comment, overdue_comment))
