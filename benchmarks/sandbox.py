"""Measures the sandbox with many services: its start, a dry run, and what it costs while nobody calls it.

    python benchmarks/sandbox.py [services]

Starts a sandbox whose project has so many services in one environment (300 by default), four of each image. Prints how long the
start took, the median of five runs of `weco-deploy --dry-run deploy`, and the CPU time that the sandbox's processes
used in ten seconds without a call. Run it on an idle machine, with the package and its extra `sandbox` installed.
Ctrl-C and SIGTERM end the sandbox, too.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import FrameType

SERVICES = 300
SERVICES_OF_AN_IMAGE = 4
RUNS = 5
IDLE_SECONDS = 10
TOOL = (sys.executable, "-m", "weco_deploy")


def write_project_file(directory: Path, services: int, of_an_image: int = SERVICES_OF_AN_IMAGE) -> Path:
    """A project file in JSON, which is YAML, too."""
    images = -(-services // of_an_image)
    project = {
        "name": "Many services",
        "environments": [{"id": "stage", "name": "Staging"}],
        "image_repositories": [
            {
                "id": f"image-{image}",
                "services": [{"id": f"service-{number}"} for number in range(image, services, images)],
            }
            for image in range(images)
        ],
    }
    file = directory / ".wellcome_project"
    file.write_text(json.dumps({"many": project}))
    return file


def run(*arguments: str, directory: Path, environment: dict[str, str]) -> float:
    """Run the tool and return how many seconds it took. After a signal, wait for the tool all the same.

    A `sandbox start` that is killed may leave a sandbox that `sandbox stop` does not find yet.
    """
    started = time.perf_counter()
    command = [*TOOL, *arguments]
    with subprocess.Popen(
        command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:  # whose end waits, also if a signal has ended `wait`
        code = process.wait()
    if code != 0:
        raise subprocess.CalledProcessError(code, command)
    return time.perf_counter() - started


def variables_of_sandbox(directory: Path) -> dict[str, str]:
    shown = subprocess.run(
        [*TOOL, "sandbox", "env"], check=True, cwd=directory, capture_output=True, text=True
    ).stdout
    lines = (line.removeprefix("export ").partition("=") for line in shown.splitlines())
    return os.environ | {name: value.strip("'") for name, _, value in lines}


def processes_of(directory: Path) -> Iterator[int]:
    """The processes whose command line or working directory names the sandbox's directory, without this one."""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                command = (process / "cmdline").read_bytes()
                home = str((process / "cwd").readlink())
            except OSError:  # it has ended, or belongs to somebody else
                continue
            if os.fsencode(directory) in command or home.startswith(str(directory)):
                yield int(process.name)


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(number: int, _: FrameType | None) -> None:
    """End this process as the signal would, but run the `finally` blocks first."""
    sys.exit(128 + number)


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    services = int(sys.argv[1]) if len(sys.argv) > 1 else SERVICES
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_project_file(directory, services)
        try:
            start = run("sandbox", "start", "--detach", directory=directory, environment=dict(os.environ))
            environment = variables_of_sandbox(directory)
            run("prepare", directory=directory, environment=environment)
            deploy = ("--dry-run", "deploy", "--environment-id", "stage")
            dry_runs = [run(*deploy, directory=directory, environment=environment) for _ in range(RUNS)]
            processes = list(processes_of(directory))
            before = sum(map(cpu_seconds, processes))
            Event().wait(IDLE_SECONDS)
            idle = sum(map(cpu_seconds, processes)) - before
        finally:
            run("sandbox", "stop", directory=directory, environment=dict(os.environ))
    sys.stdout.write(
        f"{services} services: start {start:.2f} s, dry run {statistics.median(dry_runs):.2f} s (median of {RUNS}), "
        f"idle {idle:.2f} s of CPU in {IDLE_SECONDS} s ({len(processes)} processes)\n"
    )


if __name__ == "__main__":
    main()
