"""Measures the memory and the CPU time of the tool as a process, which deploys in a sandbox, in real time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import estate
from benchmarks.rollouts import INTERVAL, WAIT
from tests.proxy.tool import write_project_file
from weco_deploy.sandbox import running

MEASURE = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]))
"""
"""Runs a process from a small one: Linux counts the memory of the process that starts another one as the other's, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What a deployment took as a process. `seconds` are real; the sandbox's ECS is thirty times as fast as AWS's."""

    size: str
    code: int
    megabytes: float
    cpu: float
    seconds: float


def processes(sizes: tuple[tuple[int, int], ...]) -> Iterator[Process]:
    """Deploy a new version of each image in a sandbox, for each size."""
    for images, services in sizes:
        project = estate.project_of(images, services)
        with TemporaryDirectory() as name:
            directory = Path(name)
            sandbox = running.start([project], directory)
            try:
                write_project_file(project, directory)
                for image in project.images:
                    sandbox.push(image.id)
                waits = (
                    "--confirmation-interval",
                    f"{INTERVAL:.0f}",
                    "--confirmation-wait-for",
                    f"{WAIT:.0f}",
                )
                command = (
                    "-m",
                    "weco_deploy",
                    "--confirm",
                    "release-deploy",
                    "--environment-id",
                    "stage",
                    *waits,
                )
                started = time.perf_counter()
                measured = subprocess.run(
                    [sys.executable, "-c", MEASURE, sys.executable, *command],
                    cwd=directory,
                    env=os.environ | sandbox.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    check=True,
                )
                seconds = time.perf_counter() - started
            finally:
                sandbox.stop()
        code, megabytes, cpu = json.loads(measured.stdout)
        yield Process(size=f"{images}×{services}", code=code, megabytes=megabytes, cpu=cpu, seconds=seconds)
