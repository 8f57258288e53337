"""The benchmark of what a deployment's record costs, with few services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.processes import SOURCES

pytestmark = [pytest.mark.sandbox, pytest.mark.exhaustive]

ROOT = Path(__file__).parents[2]


def test_benchmark_of_records_counts_what_a_deployment_writes(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.records", "2"],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": SOURCES},
        capture_output=True,
        check=True,
    )
    figures = json.loads(run.stdout)
    assert figures["services"] == 2
    assert figures["requests"]["TransactWriteItems"] >= 3  # the claim, a note, the verdict
    assert figures["written_kb"] > 0
    assert figures["peak_memory_mb"] > 0
    assert list(tmp_path.iterdir()) == []
