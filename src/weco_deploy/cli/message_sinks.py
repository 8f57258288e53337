"""Sends messages about a deployment. Each destination is a sink, so none can delay or fail the deployment, or another message."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from weco_deploy.cli.streams import write_notice
from weco_deploy.errors import DeployError
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.events import Claimed, Envelope
from weco_deploy.model.notification import NotifyEvent, Occasion
from weco_deploy.operations.destinations import NOT_INSTALLED, checked_url
from weco_deploy.ports import NotDelivered
from weco_deploy.rules.notifications import Occasions

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.local.event_sinks import Sink
    from weco_deploy.model.commits import Commit
    from weco_deploy.model.notification import Destination, Message
    from weco_deploy.ports import Ports


def add_message_sinks(context: ProjectContext, environment_id: str) -> None:
    """Let the destinations of an environment get messages about this run."""
    invocation = context.invocation
    invocation.event_sinks = {**invocation.event_sinks, **_message_sinks(context, environment_id)}


def _message_sinks(context: ProjectContext, environment_id: str) -> Mapping[str, Sink]:
    """The sinks for an environment's destinations, by where their URLs are.

    Without the extra there are none, and a warning says so. That is no error: a message that nobody gets must not keep
    anybody from deploying, or from rolling back.
    """
    destinations = context.project.destinations(environment_id)
    if destinations and not context.ports.messenger.installed():
        write_notice(f"warning: no messages are sent: {NOT_INSTALLED}")
        return {}
    commits = BroughtCommits(context.ports)
    return {
        destination.url_from: MessageSink(destination, environment_id, context.ports, commits)
        for destination in destinations
    }


class BroughtCommits:
    """The commits that deployments brought. Git is asked once for each deployment, although each sink has its own thread."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Commit, ...]] = {}

    def of(self, deployment: Deployment) -> tuple[Commit, ...]:
        from weco_deploy.operations.changes import commits_by_image

        id_ = deployment.deployment_id
        with self._lock:
            if id_ not in self._known:
                by_image = commits_by_image(self._ports, deployment)
                commits = (commit for found in by_image.values() for commit in found)
                self._known[id_] = tuple({commit.commit: commit for commit in commits}.values())
            return self._known[id_]


class MessageSink:
    """Sends a destination's messages about a run, in the thread of the sink.

    Everything that takes time is done when the deployment begins: after the verdict, sinks have only a few seconds.
    """

    def __init__(
        self, destination: Destination, environment_id: str, ports: Ports, commits: BroughtCommits
    ) -> None:
        self._destination = destination
        self._environment_id = environment_id
        self._ports = ports
        self._occasion_of = Occasions()
        self._url: str | None = None
        self._commits = commits

    def __call__(self, envelope: Envelope) -> None:
        """Send a message if the event is an occasion for one, and at the beginning what is overdue. Raises NotDelivered."""
        event, occasion = envelope.event, self._occasion_of(envelope.event)
        events = self._destination.events
        looks = (
            occasion is not None and occasion.event is NotifyEvent.STARTED and NotifyEvent.OVERDUE in events
        )
        wanted = occasion is not None and occasion.event in events
        try:
            if isinstance(event, Claimed):
                self._prepare(event.deployment)
                if looks:
                    self._send_overdue(event.deployment)
            if occasion is not None and wanted:
                self._send(occasion)
        except DeployError as error:
            if wanted or looks:
                raise NotDelivered(error.message) from error
        except NotDelivered:
            if wanted or looks:
                raise

    def _prepare(self, deployment: Deployment) -> None:
        from weco_deploy.report.messages import needs_commits

        self._find_url()
        occasions = (Occasion(event=event, deployment=deployment) for event in self._destination.events)
        if any(needs_commits(occasion, self._destination) for occasion in occasions):
            self._commits.of(deployment)

    def _find_url(self) -> str:
        if self._url is None:
            self._url = checked_url(self._ports, self._destination)
        return self._url

    def _send(self, occasion: Occasion) -> None:
        self._ports.messenger.send(self._find_url(), self._message(occasion))

    def _send_overdue(self, deployment: Deployment) -> None:
        from weco_deploy.operations.overdue import overdue_commits
        from weco_deploy.report.messages import overdue_text

        for found in overdue_commits(self._ports, deployment, newly=True):
            text = overdue_text(found)
            self._send(Occasion(event=NotifyEvent.OVERDUE, text=text, commits=found.commits))

    def _message(self, occasion: Occasion) -> Message:
        from weco_deploy.report.messages import message, needs_commits

        commits = occasion.commits
        if occasion.deployment is not None and needs_commits(occasion, self._destination):
            commits = self._commits.of(occasion.deployment)
        project = self._ports.project
        return message(occasion, self._destination, project, self._environment_id, commits)
