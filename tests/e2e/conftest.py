"""One engine and one local AWS on it for all of these tests, and a project of its own for each.

`make test-e2e` runs them. Where no container engine can be had they are skipped, and the end of the log says so.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from docker.errors import DockerException

from tests.e2e import cloud, dockerd
from tests.e2e.engine import Engine, busybox
from tests.e2e.shop import Images, Shop, opened

NO_ENGINE = "no container engine"
_LOUD = "NOTHING WAS TRIED ON REAL CONTAINERS"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine at DOCKER_HOST, else one started for these tests."""
    if busybox() is None:
        pytest.skip(f"{NO_ENGINE}: images need a static busybox (Debian: apt-get install busybox-static)")
    with ExitStack() as stack:
        found = _given()
        if found is None:
            # A socket's path may have 108 characters, and pytest's directories are deep.
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="engine")))
            try:
                found = Engine(stack.enter_context(dockerd.started(directory)))
            except dockerd.CannotStart as why:
                pytest.skip(f"{NO_ENGINE}: {'DOCKER_HOST does not answer; ' if _wanted() else ''}{why}")
        stack.callback(found.close)
        yield found


def _wanted() -> str | None:
    return os.environ.get("DOCKER_HOST") or None


def _given() -> Engine | None:
    host = _wanted()
    if host is None:
        return None
    try:
        found = Engine(host)
        found.answers()
    except DockerException:
        return None
    return found


@pytest.fixture(scope="session")
def aws_port(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where AWS is, with that engine."""
    with cloud.started(tmp_path_factory.mktemp("cloud"), engine.host) as port:
        if not engine.reaches(f"localhost:{port}"):
            pytest.skip(f"{NO_ENGINE}: the one at {engine.host} does not reach this machine's loopback")
        yield port


@pytest.fixture
def opened_shop(engine: Engine, aws_port: int, tmp_path: Path) -> Iterator[tuple[Shop, Images]]:
    with opened(next(_numbers), engine, aws_port, tmp_path) as found:
        yield found


@pytest.fixture
def shop(opened_shop: tuple[Shop, Images]) -> Shop:
    """A project that runs a first version of everything in stage and in prod, none of it recorded."""
    return opened_shop[0]


@pytest.fixture
def first(opened_shop: tuple[Shop, Images]) -> Images:
    """The images that it runs at first."""
    return opened_shop[1]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and NO_ENGINE in report.longrepr[2]
    ]
    if skipped:
        terminalreporter.section(_LOUD, sep="!", red=True, bold=True)
        terminalreporter.write_line(f"{len(skipped)} skipped. {skipped[0].longrepr[2]}")
