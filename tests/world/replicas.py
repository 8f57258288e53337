"""Replicas of the registry in other accounts and regions. Images are there at once, tags some time after they moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.world.ecr import StoredRepository
from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.model.registry import EcrAddress
from weco_deploy.model.replica import Replica, Replication


@dataclass(slots=True)
class StoredReplica:
    """The registry of another account or region: its tags, by repository and tag.

    Tags arrive `lag` seconds after they moved. With a `failure_code` ECR fails to replicate what is pushed. Without
    `rules`, ECR replicates nothing there, and the tags are somebody else's.
    """

    lag: float
    failure_code: str = ""
    rules: bool = True
    tags: dict[tuple[str, str], str] = field(default_factory=dict)

    def copy(self, repositories: Mapping[str, StoredRepository]) -> None:
        """All that there is now was replicated long ago."""
        for repository in repositories.values():
            self.tags |= {(repository.name, tag): digest for tag, digest in repository.tags.items()}

    def moved(
        self,
        repository: str,
        tag: str,
        digest: str,
        after: Callable[[float, Callable[[], object]], None],
    ) -> None:
        """A tag moved in the source."""
        if not self.rules or self.failure_code:
            return
        if self.lag:
            after(self.lag, lambda: self.tags.update({(repository, tag): digest}))
        else:
            self.tags[repository, tag] = digest

    def tags_of(self, repository: str) -> dict[str, str]:
        return {tag: digest for (name, tag), digest in self.tags.items() if name == repository}

    def replication(self) -> Replication | None:
        if not self.rules:
            return None
        return Replication(
            status="FAILED" if self.failure_code else "COMPLETE", failure_code=self.failure_code
        )


class WorldReplicas:
    """The port Replicas, for one run of the tool."""

    def __init__(self, replicas: Mapping[EcrAddress, StoredReplica], gate: Gate, run: Run) -> None:
        self._replicas = replicas
        self._gate = gate
        self._run = run

    def digest(self, replica: Replica) -> str | None:
        with self._gate.passing(self._run, "replicas.digest", replica.repository, replica.tag):
            stored = self._replicas.get(replica.address)
            return stored.tags.get((replica.repository, replica.tag)) if stored else None

    def replication(self, replica: Replica, digest: str) -> Replication | None:
        with self._gate.passing(self._run, "replicas.replication", replica.repository, digest):
            stored = self._replicas.get(replica.address)
            return stored.replication() if stored else None
