"""`weco_deploy.aws.session.Account` in front of a simulation: for the adapters, which know no difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, cast

from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.session import Account
from weco_deploy.sandbox.ecs import Simulation
from weco_deploy.sandbox.ecs.client import Client

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient


class SimulatedAccount:
    """What the adapters of ECS and of logs use of an `Account`."""

    role_arn = None

    def __init__(
        self, simulation: Simulation, account: str, region: str, now: Callable[[], datetime], *, checks: bool
    ) -> None:
        self.region = region
        self._checks = checks
        self._simulation = simulation
        self._account = account
        self._now = now
        self.client = cache(self._client)

    def ecs_without_retries(self) -> ECSClient:
        return cast("ECSClient", self.client("ecs"))

    def code_deploy_without_retries(self) -> Client:
        return self.client("codedeploy")

    def wait_for_rate(self, call: ApiCall, allowed: Callable[[], None]) -> None:
        """Wait for nothing: the simulation throttles requests itself, if a test wants that."""

    def in_region(self, region: str) -> SimulatedAccount:
        return SimulatedAccount(self._simulation, self._account, region, self._now, checks=self._checks)

    def account_id(self) -> str:
        return self._account

    def _client(self, service: str) -> Client:
        place = (self._account, self.region)
        return Client(
            self._simulation,
            service,
            *place,
            self._now,
            checks_answers=self._checks,
            checks_requests=self._checks,
        )


def simulated_account(
    simulation: Simulation, account: str, region: str, now: Callable[[], datetime], *, checks: bool = True
) -> Account:
    """An account in front of the simulation, as the adapters take one."""
    return cast("Account", SimulatedAccount(simulation, account, region, now, checks=checks))
