"""Fixtures: an engine and a local AWS for all of these tests, and a project for each test.

`make test-e2e` runs the tests. Without a container engine they are skipped, and the end of the log says so.
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
from tests.e2e.shop import Images, Shop, running_shop

NO_ENGINE = "no container engine"
_WARNING = "NOTHING WAS TRIED ON REAL CONTAINERS"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine at DOCKER_HOST, or an engine started for these tests."""
    if busybox() is None:
        pytest.skip(f"{NO_ENGINE}: images need a static busybox (Debian: apt-get install busybox-static)")
    with ExitStack() as stack:
        engine = _existing_engine()
        if engine is None:
            # The path of a socket may have 108 characters at most, and pytest's paths are long.
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="engine")))
            try:
                engine = Engine(stack.enter_context(dockerd.started(directory)))
            except dockerd.CannotStart as reason:
                pytest.skip(
                    f"{NO_ENGINE}: {'DOCKER_HOST does not answer; ' if _docker_host() else ''}{reason}"
                )
        stack.callback(engine.close)
        yield engine


def _docker_host() -> str | None:
    return os.environ.get("DOCKER_HOST") or None


def _existing_engine() -> Engine | None:
    host = _docker_host()
    if host is None:
        return None
    try:
        engine = Engine(host)
        engine.ping()
    except DockerException:
        return None
    return engine


@pytest.fixture(scope="session")
def aws_port(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of AWS."""
    with cloud.started(tmp_path_factory.mktemp("cloud"), engine.host) as port:
        if not engine.reaches(f"localhost:{port}"):
            pytest.skip(f"{NO_ENGINE}: the one at {engine.host} does not reach this machine's loopback")
        yield port


@pytest.fixture
def shop_and_images(engine: Engine, aws_port: int, tmp_path: Path) -> Iterator[tuple[Shop, Images]]:
    with running_shop(next(_numbers), engine, aws_port, tmp_path) as shop_and_images:
        yield shop_and_images


@pytest.fixture
def shop(shop_and_images: tuple[Shop, Images]) -> Shop:
    """A project that runs first versions of its images in stage and prod, without records."""
    return shop_and_images[0]


@pytest.fixture
def first(shop_and_images: tuple[Shop, Images]) -> Images:
    """The first versions of the images."""
    return shop_and_images[1]


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and NO_ENGINE in report.longrepr[2]
    ]
    if skipped:
        terminalreporter.section(_WARNING, sep="!", red=True, bold=True)
        terminalreporter.write_line(f"{len(skipped)} skipped. {skipped[0].longrepr[2]}")
