"""Fixtures: a sandbox for each xdist worker, and a new AWS account in it for each test.

`provisioned` creates a project's resources in the test's account and returns a `Sandbox`. A conftest.py imports
the fixtures: `from tests.sandboxes import *`.
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
from weco_deploy.sandbox.provision import CreatedServices
from weco_deploy.sandbox.running import Sandbox, fill, new_state
from weco_deploy.sandbox.threads import side_by_side

__all__ = ["account", "provisioned", "sandbox_host"]

_numbers = itertools.count(1)


class Provisioned(Protocol):
    def __call__(self, project: Project, *, env_tags: bool = True) -> Sandbox:
        """Creates the project's resources, in the test's account by default, and waits until they are steady."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """The worker's emulator and engine, empty at first."""

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
    """An account id that no other test has."""
    worker = re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or "0"
    return f"5{int(worker):03d}{next(_numbers):08d}"


@dataclass(slots=True)
class _Provisioner:
    host: Host
    account: str
    services: list[CreatedServices] = field(default_factory=list)

    def __call__(self, project: Project, *, env_tags: bool = True) -> Sandbox:
        state = new_state([project], self.host.port, self.account, None)
        sandbox = Sandbox(directory=self.host.directory, state=state)
        self.services += fill(sandbox, [project], env_tags=env_tags)
        return sandbox

    def delete_services(self) -> None:
        """Delete the services, because running tasks slow down the emulator for later tests."""
        aws = LocalAws(self.host.endpoint)
        side_by_side(
            partial(aws.ecs(created.place).delete_service, cluster=created.cluster, service=name, force=True)
            for created in self.services
            for name in created.names
        )


@pytest.fixture
def provisioned(sandbox_host: Host, account: str) -> Iterator[Provisioned]:
    provisioner = _Provisioner(sandbox_host, account)
    yield provisioner
    provisioner.delete_services()


def place_of(sandbox: Sandbox) -> Place:
    """The caller's account and the region of the first project."""
    return Place(sandbox.state.account, sandbox.state.region)
