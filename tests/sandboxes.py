"""Fixtures: a sandbox for each xdist worker, and a new AWS account in it for each test.

`provisioned` creates a project's resources in the test's account and returns a `Sandbox`. A conftest.py imports
the fixtures: `from tests.sandboxes import *`.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from weco_deploy.model.project import Project
from weco_deploy.sandbox import supervisor
from weco_deploy.sandbox.accounts import SANDBOX_ACCOUNT, Place
from weco_deploy.sandbox.estate import USUAL, Estate
from weco_deploy.sandbox.running import Sandbox, fill, new_state
from weco_deploy.sandbox.state import Ports

__all__ = ["account", "provisioned", "sandbox_host"]

_numbers = itertools.count(1)


class Provisioned(Protocol):
    def __call__(self, *projects: Project, estate: Estate = USUAL) -> Sandbox:
        """Creates the projects' resources, in the test's account by default. Its services run."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """The worker's sandbox, empty at first."""

    directory: Path
    ports: Ports


@pytest.fixture(scope="session")
def sandbox_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    directory = tmp_path_factory.mktemp("sandbox")
    started = supervisor.launch(directory, None, Place(SANDBOX_ACCOUNT, "eu-west-1"), tied=True)
    yield Host(directory, started.ports)
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


@pytest.fixture
def provisioned(sandbox_host: Host, account: str) -> Provisioned:
    def provision(*projects: Project, estate: Estate = USUAL) -> Sandbox:
        state = new_state(projects, sandbox_host.ports, account, estate)
        sandbox = Sandbox(directory=sandbox_host.directory, state=state)
        fill(sandbox)
        return sandbox

    return provision


def place_of(sandbox: Sandbox) -> Place:
    """The caller's account and the region of the first project."""
    return Place(sandbox.state.account, sandbox.state.region)
