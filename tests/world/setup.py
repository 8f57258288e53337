"""The port SetupReader, for one run of the tool in one account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.model.setup import Identity


@dataclass(slots=True)
class StoredSetup:
    """What an account says of itself; `ahead` is by how much this machine's clock is ahead of AWS's."""

    ahead: timedelta | None = timedelta(0)


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
