from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.processes import SOURCES, has_ended, supervisor_of
from tests.sandbox.rollouts import eventually
from weco_deploy.sandbox import running
from weco_deploy.sandbox.directory import DIRECTORY

pytestmark = pytest.mark.sandbox

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "sandbox.py"


@pytest.fixture
def benchmark(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The benchmark with one service, which makes its directory in `tmp_path`."""
    with subprocess.Popen(
        [sys.executable, str(BENCHMARK), "1"],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": SOURCES},
    ) as process:
        yield process
        process.kill()
    for directory in _sandboxes(tmp_path):
        running.stop(directory)


def _sandboxes(within: Path) -> list[Path]:
    return list(within.glob(f"*/{DIRECTORY}"))


def test_sigterm_during_the_benchmark_s_start_ends_its_sandbox(
    benchmark: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    eventually(lambda: any(supervisor_of(directory) for directory in _sandboxes(tmp_path)))
    (directory,) = _sandboxes(tmp_path)
    benchmark.terminate()
    assert benchmark.wait() == 128 + signal.SIGTERM
    assert has_ended(directory)
