"""Fixtures: one sandbox for each xdist worker, a fresh AWS account for each test.

Ask for `provisioned`: it fills the test's account with what a project speaks of and answers a `Sandbox` there.
To use them, a conftest.py imports the fixtures: `from tests.sandboxes import *`.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest

from weco_deploy.model.project import Project
from weco_deploy.sandbox import supervisor
from weco_deploy.sandbox.accounts import SANDBOX_ACCOUNT, Place
from weco_deploy.sandbox.local_aws import LocalAws
from weco_deploy.sandbox.provision import MadeServices
from weco_deploy.sandbox.running import Sandbox, described, fill
from weco_deploy.sandbox.threads import side_by_side

__all__ = ["account", "provisioned", "sandbox_host"]

_numbers = itertools.count(1)


class Provisioned(Protocol):
    def __call__(self, project: Project, *, env_tags: bool = True) -> Sandbox:
        """The project, in the test's own account where it names none, all of it steady."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """The worker's emulator and engine, with nothing in them."""

    directory: Path
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def sandbox_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    directory = tmp_path_factory.mktemp("sandbox")
    started = supervisor.launch(directory, None, Place(SANDBOX_ACCOUNT, "eu-west-1"), tied=True)
    yield Host(directory, started.port)
    supervisor.end(directory)
    assert started.process is not None
    started.process.wait()
    assert started.process.stdin is not None
    started.process.stdin.close()


@pytest.fixture
def account() -> str:
    """Twelve digits that no other test of this worker has."""
    worker = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
    return f"5{int(worker):03d}{next(_numbers):08d}"


@dataclass(slots=True)
class _Filler:
    host: Host
    account: str
    made: list[MadeServices] = field(default_factory=list)

    def __call__(self, project: Project, *, env_tags: bool = True) -> Sandbox:
        state = described([project], self.host.port, self.account, None)
        sandbox = Sandbox(directory=self.host.directory, state=state)
        self.made += fill(sandbox, [project], env_tags=env_tags)
        return sandbox

    def discard(self) -> None:
        """Tasks that run on cost the emulator time, which later tests would wait for."""
        aws = LocalAws(self.host.endpoint)
        side_by_side(
            partial(
                aws.ecs(services.place).delete_service, cluster=services.cluster, service=name, force=True
            )
            for services in self.made
            for name in services.names
        )


@pytest.fixture
def provisioned(sandbox_host: Host, account: str) -> Iterator[Provisioned]:
    filler = _Filler(sandbox_host, account)
    yield filler
    filler.discard()


def place_of(sandbox: Sandbox) -> Place:
    """The caller's account, in the region of the first project."""
    return Place(sandbox.state.account, sandbox.state.region)
