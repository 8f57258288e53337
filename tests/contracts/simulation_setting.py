"""The contract tests' setting on the simulated ECS, through the same adapters as on the emulators."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from tests.contracts.aws_setting import AwsSetting
from tests.simulation.account import simulated_account
from weco_deploy.sandbox.ecs import Image, Simulation


class AnyImage:
    """A registry that has whatever is asked for."""

    def resolve(self, references: Collection[str]) -> dict[str, Image]:
        return {
            reference: Image(digest="sha256:" + hashlib.sha256(reference.encode()).hexdigest())
            for reference in references
        }


class SimulationSetting(AwsSetting):
    """An account of the simulation, whose time passes while a service starts. It has no ECR."""

    def __init__(self, account: str, region: str) -> None:
        self._simulation = Simulation(AnyImage())
        self._now = datetime(2026, 1, 1, tzinfo=UTC)
        super().__init__(simulated_account(self._simulation, account, region, lambda: self._now), {})

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        while not condition():
            due = self._simulation.next_due()
            assert due is not None, "the service's tasks do not start"
            self._now = due
