"""The command line as a process: signals, readers that exit, and start-up."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import preloaded
from tests.cli.desk import PROJECT_FILE

ROOT = Path(__file__).parents[2]
IN_TIME = 60
PRETENDED = "tests.cli.pretended"
REAL = (sys.executable, "-m", "weco_deploy")


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **more}


@contextmanager
def process_at(call: str, *arguments: str, how: str = "halt") -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits before `call` for a signal, or with `how="stall"` for ever."""
    Path(".wellcome_project").write_text(PROJECT_FILE)
    with subprocess.Popen(
        [*preloaded.program(PRETENDED), f"{how}={call}", "--output", "json", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # unbuffered, so that nothing after the line READY is read
        env=environment(),
    ) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, b"")
            assert any(line.startswith(b"READY") for line in lines)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_during_a_read_exits_at_once_with_130(number: signal.Signals) -> None:
    with process_at("store.releases", "show-releases") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=IN_TIME)

    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert b"Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("registry.find", ("show-images",)),
        ("runtime.describe", ("--confirm", "release-deploy")),
    ],
)
def test_signal_during_an_unanswered_read_exits_at_once_with_130(
    call: str, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    with process_at(call, *arguments, how="stall") as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=IN_TIME)

    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert b"Traceback" not in err


def test_signal_during_a_deployment_closes_the_record_and_prints_the_deployment() -> None:
    with process_at("store.note", "--confirm", "release-deploy") as process:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=IN_TIME)

    assert process.returncode == 130
    assert json.loads(out)["deployment"]["status"] == "interrupted"
    assert b"once more to exit at once" in err


def run(*arguments: str, program: tuple[str, ...] = REAL, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=IN_TIME,
        check=False,
        env=environment(**more),
    )


@pytest.mark.parametrize("arguments", [("show-images",), ("--confirm", "release-deploy")])
def test_reader_that_exits_changes_neither_exit_code_nor_deployment(arguments: tuple[str, ...]) -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ran = subprocess.run(
            [*preloaded.program(PRETENDED), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=nobody,
            stderr=nobody,
            check=False,
            env=environment(),
        )

    assert ran.returncode == 0


def test_full_disk_is_an_error() -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [*preloaded.program(PRETENDED), "show-images"],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=environment(),
        )

    assert ran.returncode == 1
    assert "could not be written to stdout" in ran.stderr


def test_version_is_printed_on_stdout() -> None:
    ran = run("--version")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("weco-deploy ")


def test_help_imports_nothing_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command's module is imported, so none may import more than click at its top level."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # measuring coverage imports some of these
    listed = (
        "import sys\n"
        "from weco_deploy.cli.main import run\n"
        "code = run(['--help'])\n"
        "print(code, *sorted(sys.modules), file=sys.stderr)"
    )
    code, *modules = run(program=(sys.executable, "-c", listed)).stderr.split()

    assert code == "0"
    assert "click" in modules
    heavy = {
        "asyncio", "boto3", "botocore", "concurrent", "email", "http", "json", "logging", "pydantic", "rich", "socket",
        "ssl", "subprocess", "urllib", "urllib3", "yaml",
    }  # fmt: skip
    assert heavy.isdisjoint(name.split(".")[0] for name in modules)
    ours = [name for name in modules if name.startswith("weco_deploy.")]
    assert {name for name in ours if name.split(".")[1] != "cli"} == {
        "weco_deploy.errors",
        "weco_deploy.exit_codes",
        "weco_deploy.local",
        "weco_deploy.local.interrupts",
        "weco_deploy.model",
        "weco_deploy.model.kind",
        "weco_deploy.model.requests",
    }


def test_bad_usage_is_reported_without_importing_botocore() -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    listed = (
        "import sys\n"
        "from weco_deploy.cli.main import run\n"
        "code = run(['update'])\n"
        "print(code, 'botocore' in sys.modules, file=sys.stderr)"
    )

    assert run(program=(sys.executable, "-c", listed)).stderr.splitlines()[-1] == "2 False"


def test_sandbox_start_imports_neither_the_simulation_nor_the_ports() -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    listed = (
        "import sys\n"
        "from weco_deploy.cli.main import run\n"
        "code = run(['--dry-run', 'sandbox', 'start'])\n"
        "print(code, *sys.modules, file=sys.stderr)"
    )
    code, *modules = run(program=(sys.executable, "-c", listed)).stderr.split()

    assert code == "0"
    assert "weco_deploy.sandbox.running" in modules
    assert {"weco_deploy.sandbox.ecs.simulation", "weco_deploy.ports", "botocore"}.isdisjoint(modules)


def test_schema_is_printed_without_a_project_file_and_without_importing_botocore() -> None:
    listed = (
        "import sys\n"
        "from weco_deploy.cli.main import run\n"
        "code = run(['schema'])\n"
        "print(code, 'botocore' in sys.modules, file=sys.stderr)"
    )
    ran = run(program=(sys.executable, "-c", listed))

    assert ran.stderr.splitlines() == ["0 False"]
    assert json.loads(ran.stdout)["$schema"].startswith("http://json-schema.org/")


def test_doctor_checks_the_file_offline_without_importing_botocore() -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    listed = (
        "import sys\n"
        "from weco_deploy.cli.main import run\n"
        "code = run(['doctor', '--offline'])\n"
        "print(code, 'botocore' in sys.modules, file=sys.stderr)"
    )
    ran = run(program=(sys.executable, "-c", listed))

    assert ran.stderr.splitlines() == ["0 False"]
    assert ran.stdout.startswith("OK    file: ")


def test_command_imports_no_other_command() -> None:
    listed = (
        "import sys\n"
        "from weco_deploy.cli.main import run\n"
        "run(['plan', '--help'])\n"
        "print(*(name for name in sys.modules if name.startswith('weco_deploy.cli.')), file=sys.stderr)"
    )
    modules = set(run(program=(sys.executable, "-c", listed)).stderr.split())

    assert "weco_deploy.cli.plan" in modules
    assert modules.isdisjoint(
        {"weco_deploy.cli.deploy", "weco_deploy.cli.sandbox", "weco_deploy.cli.deployments"}
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_stream_does_not_change_the_exit_code(closed: str) -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    program = preloaded.program(PRETENDED)
    fine = run(program=("sh", "-c", f'"$@" show-images {closed}', "sh", *program))
    wrong = run(program=("sh", "-c", f'"$@" update {closed}', "sh", *program))

    assert (fine.returncode, wrong.returncode) == (0, 2)
    assert "Traceback" not in fine.stderr + wrong.stderr


def test_garbage_collector_is_enabled_when_a_command_begins() -> None:
    Path(".wellcome_project").write_text(PROJECT_FILE)
    script = (
        "import gc, sys\n"
        "import weco_deploy.operations.history as history\n"
        "from tests.cli.pretended import pretend\n"
        "from weco_deploy.cli.main import run\n"
        "pretend(None)\n"
        "history.releases = lambda *_: print(gc.isenabled(), file=sys.stderr) or ()\n"
        "run(['show-releases'])"
    )

    assert run(program=(sys.executable, "-c", script)).stderr == "True\n"
