from __future__ import annotations

import errno
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import boto3
import pytest

from tests.local_aws import LocalAws
from tests.sandbox.processes import SOURCES, emulator_of, has_ended, listening_addresses, supervisor_of
from tests.sandbox.projects import WEB, project
from tests.sandbox.rollouts import eventually
from weco_deploy.errors import NotFound, SandboxError
from weco_deploy.sandbox import pidfile, running, supervisor
from weco_deploy.sandbox.accounts import SANDBOX_ACCOUNT, Place
from weco_deploy.sandbox.running import Sandbox

pytestmark = pytest.mark.sandbox

NO_SERVICES = project(("web", ()))


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    running.stop(tmp_path / "sandbox")


@pytest.fixture
def sandbox(directory: Path) -> Iterator[Sandbox]:
    started = running.start([NO_SERVICES], directory)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox for several tests, which neither end nor damage it."""
    started = running.start([NO_SERVICES], tmp_path_factory.mktemp("kept") / "sandbox")
    yield started
    started.stop()


def _signal(process: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    assert process is not None
    os.kill(process, number)


def test_stop_ends_all_processes(directory: Path, sandbox: Sandbox) -> None:
    assert not has_ended(directory)
    sandbox.stop()
    assert has_ended(directory)
    assert running.load(directory) is None
    assert running.stop(directory) is False


def test_directory_is_ignored_by_git(kept: Sandbox) -> None:
    assert (kept.directory / ".gitignore").read_text() == "*\n"


def test_load_finds_a_running_sandbox_to_push_to(kept: Sandbox) -> None:
    found = running.load(kept.directory)
    assert found is not None
    assert found.state == kept.state
    assert found.push("web").ref.startswith("ref.")
    with pytest.raises(NotFound, match="no image 'wbe'"):
        found.push("wbe")


def test_registry_requests_without_an_account_reach_the_project_s_repositories(kept: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", kept.state.ports.emulator, timeout=30)
    connection.request("GET", "/v2/uk.ac.wellcome/web/manifests/latest")
    assert connection.getresponse().status == 200
    connection.close()


def test_ministack_loads_no_botocore(kept: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", kept.state.ports.emulator, timeout=30)
    target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"
    connection.request("POST", "/", b"{}", {"X-Amz-Target": target})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.0"  # with botocore it would say 1.1
    connection.close()


def test_second_sandbox_in_the_same_directory_is_an_error(kept: Sandbox) -> None:
    with pytest.raises(SandboxError, match="running or starting"):
        running.start([NO_SERVICES], kept.directory)
    assert running.load(kept.directory) == Sandbox(directory=kept.directory, state=kept.state)


def test_second_sandbox_in_another_directory_is_independent(tmp_path: Path, kept: Sandbox) -> None:
    other = running.start([NO_SERVICES], tmp_path / "other")
    try:
        other.push("web", commit="a" * 40)
        assert _tags(other) - _tags(kept) >= {"ref." + "a" * 40}
    finally:
        other.stop()
    assert _tags(kept)


@pytest.mark.usefixtures("sandbox")
def test_emulator_ends_with_a_killed_supervisor_and_a_new_start_works(directory: Path) -> None:
    _signal(supervisor_of(directory))
    eventually(lambda: has_ended(directory))
    assert running.load(directory) is None
    restarted = running.start([NO_SERVICES], directory)
    assert _tags(restarted)
    restarted.stop()


def test_sandbox_ends_with_a_killed_emulator(directory: Path, sandbox: Sandbox) -> None:
    _signal(emulator_of(directory))
    with pytest.raises(SandboxError, match="ended by itself"):
        sandbox.wait()
    assert has_ended(directory)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_to_the_supervisor_ends_the_sandbox(
    directory: Path, sandbox: Sandbox, number: signal.Signals
) -> None:
    _signal(supervisor_of(directory), number)
    sandbox.wait()
    assert has_ended(directory)


@pytest.mark.usefixtures("sandbox")
def test_stop_kills_a_hanging_supervisor(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_END_TIMEOUT", 2.0)
    _signal(supervisor_of(directory), signal.SIGSTOP)
    assert running.stop(directory) is True
    assert has_ended(directory)


_START_AND_WAIT = """
import sys
from pathlib import Path
from tests.sandbox.projects import project
from weco_deploy.sandbox import running
sandbox = running.start([project(("web", ()))], Path(sys.argv[1]), tied=sys.argv[2] == "tied")
print("ready", flush=True)
sys.stdin.read()
"""


def _process_with_sandbox(directory: Path, mode: str) -> subprocess.Popen[bytes]:
    """A process that has started a sandbox, tied or detached, and runs until it is killed."""
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", _START_AND_WAIT, str(directory), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def _kill_process(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()


def test_tied_sandbox_ends_with_the_process_that_started_it(directory: Path) -> None:
    _kill_process(_process_with_sandbox(directory, "tied"))
    eventually(lambda: has_ended(directory))


def test_detached_sandbox_outlives_the_process_that_started_it(directory: Path) -> None:
    _kill_process(_process_with_sandbox(directory, "detached"))
    found = running.load(directory)
    assert found is not None
    assert _tags(found)
    assert running.stop(directory) is True
    assert has_ended(directory)


def test_start_on_a_taken_port_is_one_clear_error(directory: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} on 127.0.0.1 can't be used") as caught:
            running.start([NO_SERVICES], directory, port=port)
    assert "--port" in caught.value.hint
    assert has_ended(directory)


@pytest.mark.parametrize("place", ["a file", "below a file", "/proc/nope"])
def test_directory_that_cannot_be_used_is_one_clear_error(tmp_path: Path, place: str) -> None:
    file = tmp_path / "file"
    file.touch()
    directory = {"a file": file, "below a file": file / "sandbox"}.get(place, Path(place))
    with pytest.raises(SandboxError, match=f"can't keep its state in {directory}") as caught:
        running.start([NO_SERVICES], directory)
    assert "--dir" in caught.value.hint
    assert running.load(directory) is None
    assert running.stop(directory) is False


def test_directory_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pidfile, "owner", denied)
    with pytest.raises(SandboxError, match="can't be read: Permission denied"):
        running.load(tmp_path)


def test_start_uses_the_given_port(directory: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sandbox = running.start([NO_SERVICES], directory, port=port)
    assert sandbox.endpoint == f"http://127.0.0.1:{port}"
    sandbox.stop()


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="this system does not show its sockets in /proc"
)
def test_sandbox_listens_on_loopback_only(kept: Sandbox) -> None:
    loopback = "0100007F"
    for process in (supervisor_of(kept.directory), emulator_of(kept.directory)):
        assert process is not None
        assert listening_addresses(process) == {loopback}


def test_sandbox_ignores_the_caller_s_aws_and_docker_settings(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("SERVICES", "s3")
    monkeypatch.setenv("PYTHONPATH", SOURCES)
    monkeypatch.chdir(tmp_path)
    for module in ("argparse", "docker", "ministack"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('imported from the working directory')")
    helpers = {f"{SANDBOX_ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com": "does-not-exist"}
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"credHelpers": helpers}))
    monkeypatch.setenv("HOME", str(tmp_path))
    sandbox = running.start([WEB], directory)
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    assert boto3.Session().client("sts").get_caller_identity()["Account"] == SANDBOX_ACCOUNT
    assert boto3.Session().client("ecs").list_tasks(cluster="shop-stage")["taskArns"]
    sandbox.stop()


def test_assumed_role_reaches_the_project_s_resources(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = "arn:aws:iam::444455556666:role/shop-ci"
    sandbox = running.start([project(("web", ("web-api",)), role_arn=role)], directory)
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    assumed = boto3.Session().client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
    assert session.client("sts").get_caller_identity()["Account"] == "444455556666"
    assert session.client("ecr").describe_repositories()["repositories"]
    assert session.client("ecs").list_tasks(cluster="shop-stage")["taskArns"]
    tagged = session.client("resourcegroupstaggingapi").get_resources(
        ResourceTypeFilters=["ecs:service"], TagFilters=[{"Key": "deployment:env", "Values": ["stage"]}]
    )
    assert len(tagged["ResourceTagMappingList"]) == 1
    sandbox.stop()


def test_start_without_the_extra_hints_at_pip_install(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SandboxError, match="ministack, which is not installed") as caught:
        running.start([NO_SERVICES], directory)
    assert caught.value.hint == 'pip install "weco-deploy[sandbox]"'


def test_failed_start_leaves_no_process_behind(directory: Path) -> None:
    invalid = project(("web", ("web-api",)), role_arn="not an ARN")
    with pytest.raises(SandboxError, match="is not the ARN of a role"):
        running.start([invalid], directory)
    assert has_ended(directory)


def test_pidfile_owner_needs_the_lock_not_only_a_number(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{os.getpid()}\n")
    assert pidfile.owner(file) is None
    descriptor = pidfile.take(file)
    assert pidfile.owner(file) == os.getpid()
    with pytest.raises(pidfile.Taken):
        pidfile.take(file)
    os.close(descriptor)
    assert pidfile.owner(file) is None


@pytest.mark.usefixtures("sandbox")
def test_broken_state_file_is_an_error_with_its_name(directory: Path) -> None:
    (directory / "sandbox.json").write_text(json.dumps({"port": 1}))
    with pytest.raises(SandboxError, match=r"sandbox\.json can't be read"):
        running.load(directory)


def _tags(sandbox: Sandbox) -> set[str]:
    target = sandbox.state.images[0]
    ecr = LocalAws.of(sandbox).ecr(Place(target.account, target.region))
    found = ecr.describe_images(repositoryName=target.repository)["imageDetails"]
    return {tag for image in found for tag in image.get("imageTags", ())}
