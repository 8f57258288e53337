from __future__ import annotations

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

from tests.sandbox.processes import SOURCES, emulator_of, listening_addresses, nothing_left, supervisor_of
from tests.sandbox.projects import WEB, project
from tests.sandbox.rollouts import eventually
from weco_deploy.errors import NotFound, SandboxError
from weco_deploy.sandbox import pidfile, running, supervisor
from weco_deploy.sandbox.accounts import SANDBOX_ACCOUNT
from weco_deploy.sandbox.running import Sandbox

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


def _kill(process: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    assert process is not None
    os.kill(process, number)


def test_stopping_leaves_nothing_behind(directory: Path, sandbox: Sandbox) -> None:
    assert not nothing_left(directory)
    sandbox.stop()
    assert nothing_left(directory)
    assert running.load(directory) is None
    assert running.stop(directory) is False


def test_everything_in_its_directory_is_ignored_by_git(directory: Path, sandbox: Sandbox) -> None:
    assert sandbox.directory == directory
    assert (directory / ".gitignore").read_text() == "*\n"


def test_another_process_finds_it_and_can_push(directory: Path, sandbox: Sandbox) -> None:
    found = running.load(directory)
    assert found is not None
    assert found.state == sandbox.state
    assert found.push("web").ref.startswith("ref.")
    with pytest.raises(NotFound, match="no image 'wbe'"):
        found.push("wbe")


def test_a_docker_engine_which_names_no_account_reaches_the_project_s_repositories(sandbox: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", sandbox.state.port, timeout=30)
    connection.request("GET", "/v2/uk.ac.wellcome/web/manifests/latest")
    assert connection.getresponse().status == 200
    connection.close()


def test_a_second_one_in_the_same_directory_is_an_error(directory: Path, sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="running or starting"):
        running.start([NO_SERVICES], directory)
    assert running.load(directory) == Sandbox(directory=directory, state=sandbox.state)


def test_a_second_one_in_another_directory_is_a_world_of_its_own(tmp_path: Path, sandbox: Sandbox) -> None:
    other = running.start([NO_SERVICES], tmp_path / "other")
    try:
        other.push("web", commit="a" * 40)
        assert _tags(other) - _tags(sandbox) >= {"ref." + "a" * 40}
    finally:
        other.stop()
    assert _tags(sandbox)


@pytest.mark.usefixtures("sandbox")
def test_killing_the_supervisor_ends_the_emulator_and_the_next_start_replaces_it(directory: Path) -> None:
    _kill(supervisor_of(directory))
    eventually(lambda: nothing_left(directory))
    assert running.load(directory) is None
    again = running.start([NO_SERVICES], directory)
    assert _tags(again)
    again.stop()


def test_the_end_of_the_emulator_is_the_end_of_the_sandbox(directory: Path, sandbox: Sandbox) -> None:
    _kill(emulator_of(directory))
    with pytest.raises(SandboxError, match="ended by itself"):
        sandbox.wait()
    assert nothing_left(directory)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(directory: Path, sandbox: Sandbox, number: signal.Signals) -> None:
    _kill(supervisor_of(directory), number)
    sandbox.wait()
    assert nothing_left(directory)


@pytest.mark.usefixtures("sandbox")
def test_one_that_hangs_is_killed(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_ENDS_WITHIN", 2.0)
    _kill(supervisor_of(directory), signal.SIGSTOP)
    assert running.stop(directory) is True
    assert nothing_left(directory)


_STARTS_AND_WAITS = """
import sys
from pathlib import Path
from tests.sandbox.projects import project
from weco_deploy.sandbox import running
sandbox = running.start([project(("web", ()))], Path(sys.argv[1]), tied=sys.argv[2] == "tied")
print("ready", flush=True)
sys.stdin.read()
"""


def _started_elsewhere(directory: Path, tie: str) -> subprocess.Popen[bytes]:
    """A process that has started a sandbox, and lives until it is killed."""
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", _STARTS_AND_WAITS, str(directory), tie],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([root, *filter(None, sys.path)])},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def _killed(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()


def test_a_tied_one_ends_when_its_starter_is_killed(directory: Path) -> None:
    _killed(_started_elsewhere(directory, "tied"))
    eventually(lambda: nothing_left(directory))


def test_a_detached_one_outlives_its_starter_until_it_is_stopped(directory: Path) -> None:
    _killed(_started_elsewhere(directory, "detached"))
    found = running.load(directory)
    assert found is not None
    assert _tags(found)
    assert running.stop(directory) is True
    assert nothing_left(directory)


def test_a_port_that_is_taken_is_one_clear_error(directory: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} on 127.0.0.1 can't be used") as caught:
            running.start([NO_SERVICES], directory, port=port)
    assert "--port" in caught.value.hint
    assert nothing_left(directory)


def test_the_wanted_port_is_used(directory: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sandbox = running.start([NO_SERVICES], directory, port=port)
    assert sandbox.endpoint == f"http://127.0.0.1:{port}"
    sandbox.stop()


@pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="this system does not show its sockets in /proc"
)
@pytest.mark.usefixtures("sandbox")
def test_it_listens_on_loopback_only(directory: Path) -> None:
    loopback = "0100007F"
    for process in (supervisor_of(directory), emulator_of(directory)):
        assert process is not None
        assert listening_addresses(process) == {loopback}


def test_the_callers_own_aws_and_docker_settings_stay_out(
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
        (tmp_path / f"{module}.py").write_text("raise SystemExit('not the one that was meant')")
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


def test_an_assumed_role_gets_where_the_projects_things_are(
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


def test_without_the_extra_it_says_what_to_install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SandboxError, match="ministack and docker, which are not installed") as caught:
        running.start([NO_SERVICES], directory)
    assert caught.value.hint == 'pip install "weco-deploy[sandbox]"'


def test_a_start_that_fails_half_way_leaves_nothing_behind(directory: Path) -> None:
    nonsense = project(("web", ("web-api",)), role_arn="not an ARN")
    with pytest.raises(SandboxError, match="is not the ARN of a role"):
        running.start([nonsense], directory)
    assert nothing_left(directory)


def test_a_number_in_a_pid_file_is_no_evidence_without_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{os.getpid()}\n")
    assert pidfile.owner(file) is None
    held = pidfile.take(file)
    assert pidfile.owner(file) == os.getpid()
    with pytest.raises(pidfile.Taken):
        pidfile.take(file)
    os.close(held)
    assert pidfile.owner(file) is None


@pytest.mark.usefixtures("sandbox")
def test_a_broken_state_file_is_named(directory: Path) -> None:
    (directory / "sandbox.json").write_text(json.dumps({"port": 1}))
    with pytest.raises(SandboxError, match=r"sandbox\.json can't be read"):
        running.load(directory)


def _tags(sandbox: Sandbox) -> set[str]:
    target = sandbox.state.images[0]
    ecr = boto3.session.Session().client(
        "ecr",
        endpoint_url=sandbox.endpoint,
        region_name=target.region,
        aws_access_key_id=target.account,
        aws_secret_access_key="any",
    )
    found = ecr.describe_images(repositoryName=target.repository)["imageDetails"]
    return {tag for image in found for tag in image.get("imageTags", ())}
