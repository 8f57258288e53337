"""The port SetupReader, for one run of the tool in one account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.aws.lifecycle import parse_policy
from weco_deploy.errors import NotFound
from weco_deploy.model.service import Service, TaskDefinition
from weco_deploy.model.setup import DeniedAction, Identity, LifecyclePolicy, TableSettings


@dataclass(slots=True)
class StoredSetup:
    """What an account says of itself; `ahead` is by how much this machine's clock is ahead of AWS's.

    `tables` are by name; `recovering` are the names of those with point-in-time recovery. `policies` are the texts of lifecycle
    policies, by repository. `denied` are the actions that policies deny.
    """

    ahead: timedelta | None = timedelta(0)
    tables: dict[str, TableSettings] = field(default_factory=dict)
    recovering: set[str] = field(default_factory=set)
    policies: dict[str, str] = field(default_factory=dict)
    denied: list[DeniedAction] = field(default_factory=list)


class WorldSetup:
    """`ports.SetupReader`. `account` is that of the credentials, `role_arn` the role that is assumed."""

    def __init__(
        self, stored: StoredSetup, account: str, role_arn: str | None, caller: str, gate: Gate, run: Run
    ) -> None:
        self._stored = stored
        self._account = account
        self._role_arn = role_arn
        self._caller = caller
        self._gate = gate
        self._run = run

    def identity(self) -> Identity:
        with self._gate.passing(self._run, "setup.identity", self._role_arn or ""):
            return Identity(
                arn=self._role_arn or self._caller, account=self._account, ahead=self._stored.ahead
            )

    def table(self, name: str) -> TableSettings | None:
        with self._gate.passing(self._run, "setup.table", name):
            return self._stored.tables.get(name)

    def recovers(self, table: str) -> bool:
        with self._gate.passing(self._run, "setup.recovers", table):
            if table not in self._stored.tables:
                raise NotFound(f"there is no table {table}")
            return table in self._stored.recovering

    def lifecycle(self, repository: str) -> LifecyclePolicy | None:
        with self._gate.passing(self._run, "setup.lifecycle", repository):
            text = self._stored.policies.get(repository)
            return None if text is None else parse_policy(text)

    def denied(
        self,
        services: Sequence[Service],
        log_groups: Sequence[str],
        definitions: Sequence[TaskDefinition] = (),
    ) -> Sequence[DeniedAction]:
        about = [*(service.arn for service in services), *log_groups, *(known.arn for known in definitions)]
        with self._gate.passing(self._run, "setup.denied", *about):
            concerned = {"ecs", "logs", "elasticloadbalancing", "tag"} if services else {"ecr", "dynamodb"}
            return [denied for denied in self._stored.denied if denied.action.split(":")[0] in concerned]
