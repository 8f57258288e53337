"""Runs the command line in this process, with the in-memory world as AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.world.world import World
from weco_deploy.cli.main import run
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.project import Project
from weco_deploy.ports import Ports

PROJECT_FILE = """
shop:
  name: Shop
  environments:
    - {id: stage, name: Staging}
    - {id: prod, name: Production}
  image_repositories:
    - {id: search, services: [search-api]}
    - {id: items, services: [items-api]}
"""


PERSON = "arn:aws:iam::123456789012:user/eve"
"""The user of the command line."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error in a JSON document that has no other keys."""
        assert set(self.json) == {"error"}
        return self.json["error"]


@dataclass(frozen=True)
class Connection:
    """The arguments with which the command line called `connect`."""

    project: Project
    purpose: str
    traced: bool


class Desk:
    def __init__(
        self, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.world = world
        self.connections: list[Connection] = []
        self.slow = ""
        """What is said about waiting for AWS when a command connects; nothing if empty."""
        self.say_waiting: Callable[[str], None] | None = None
        """What the last command gave to `connect` for messages about waiting."""
        self._capsys = capsys
        monkeypatch.setattr("weco_deploy.connect.connect", self._connect)

    def run(self, *arguments: str) -> Ran:
        code = run(arguments)
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def _connect(
        self,
        project: Project,
        _: Signals,
        *,
        purpose: str,
        trace: Callable[[str], None] | None = None,
        waiting: Callable[[str], None] | None = None,
    ) -> Ports:
        self.say_waiting = waiting
        if self.slow and waiting is not None:
            waiting(self.slow)
        self.connections.append(Connection(project, purpose, trace is not None))
        return self.world.ports(project, requested_by=PERSON)
