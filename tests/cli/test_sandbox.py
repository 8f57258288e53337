"""The sandbox's commands as processes, with a real sandbox."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import boto3
import pytest

import weco_deploy
from tests import preloaded
from weco_deploy.sandbox import pidfile, server

pytestmark = pytest.mark.sandbox

ROOT = Path(__file__).parents[2]
IN_TIME = 120
PROGRAM = "weco_deploy"


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*preloaded.program(PROGRAM), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=IN_TIME,
        env=environment(**more),
    )


@pytest.fixture
def started() -> Iterator[dict[str, str]]:
    """The variables of a running sandbox of the sample project."""
    try:
        ran = run("--output", "json", "sandbox", "start", "--detach")
        assert ran.returncode == 0, ran.stderr
        yield json.loads(ran.stdout)["sandbox"]["environment"]
    finally:
        run("sandbox", "stop")


def test_pushed_image_can_be_deployed_in_the_sandbox(started: dict[str, str]) -> None:
    pushed = run("sandbox", "push", "shop")
    deployed = run(
        "-f",
        ".weco-sandbox/.wellcome_project",
        "--confirm",
        "--output",
        "json",
        "release-deploy",
        "--confirmation-interval",
        "0.5",
        **started,
    )

    assert (pushed.returncode, deployed.returncode) == (0, 0), deployed.stderr
    deployment = json.loads(deployed.stdout)["deployment"]
    assert deployment["status"] == "succeeded"
    digest = deployment["images"]["shop"]["to_digest"]
    assert digest in pushed.stdout
    assert f"export AWS_ENDPOINT_URL={started['AWS_ENDPOINT_URL']}" in run("sandbox", "env").stdout


def test_shell_that_uses_the_sample_needs_no_project_file(
    started: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    pushed = run("sandbox", "push", "--all", **started)
    planned = run("--output", "json", "--dry-run", "release-deploy", **started)

    assert (pushed.returncode, planned.returncode) == (0, 0), pushed.stderr + planned.stderr
    assert sum(image["moves"] for image in json.loads(planned.stdout)["plan"]["images"]) == 3
    assert run("sandbox", "env", **started).returncode == 0
    assert run("sandbox", "stop", **started).returncode == 0


def without_credentials() -> dict[str, str]:
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": ""}
    return {**nothing, **keys, "AWS_EC2_METADATA_DISABLED": "true"}


def test_missing_credentials_beside_a_running_sandbox_are_said_with_how_to_use_it() -> None:
    Path(".wellcome_project").write_text(
        files("weco_deploy.sandbox").joinpath("sample.wellcome_project").read_text()
    )
    Path(".weco-sandbox").mkdir()
    hint = 'a sandbox of this project is running; to use it: eval "$(weco-deploy sandbox env)"'

    stopped = run("show-releases", **without_credentials())
    lock = pidfile.take(Path(".weco-sandbox") / server.PID_FILE)  # as the sandbox's supervisor does
    try:
        running = run("show-releases", **without_credentials())
    finally:
        os.close(lock)

    assert (stopped.returncode, running.returncode) == (1, 1)
    assert hint not in stopped.stderr
    assert hint in running.stderr.splitlines()


def test_sandbox_directory_may_be_relative() -> None:
    try:
        ran = run("sandbox", "start", "--detach", "--dir", "state")
        assert ran.returncode == 0, ran.stderr
        assert Path("state/sandbox.json").exists()
    finally:
        run("sandbox", "stop", "--dir", "state")


def test_sandbox_in_the_foreground_ends_with_ctrl_c() -> None:
    with subprocess.Popen(
        [*preloaded.program(PROGRAM), "sandbox", "start"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as process:
        try:
            assert process.stdout is not None
            assert any(line.startswith("End it:") for line in process.stdout)
            process.send_signal(signal.SIGINT)
            assert process.wait(IN_TIME) == 0
        finally:
            process.kill()

    assert run("sandbox", "env").returncode == 1


def test_commands_without_a_running_sandbox_fail_with_a_line() -> None:
    ran = run("sandbox", "env")

    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "weco-deploy sandbox start" in ran.stderr


def test_stop_without_a_running_sandbox_is_no_error() -> None:
    ran = run("--output", "json", "sandbox", "stop")

    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"sandbox": None})


def test_push_of_several_images_or_of_all(started: dict[str, str]) -> None:
    del started
    two = run("--output", "json", "sandbox", "push", "search", "shop")
    every = run("--output", "json", "sandbox", "push", "--all")

    assert (two.returncode, every.returncode) == (0, 0), two.stderr + every.stderr
    assert [pushed["image_id"] for pushed in json.loads(two.stdout)["pushed"]] == ["search", "shop"]
    pushed = json.loads(every.stdout)["pushed"]
    assert [image["image_id"] for image in pushed] == ["shop", "orders", "search"]
    assert all(image["ref"] in every.stderr and image["digest"] in every.stderr for image in pushed)


def test_pushed_image_may_be_of_a_chosen_commit(started: dict[str, str]) -> None:
    del started
    commit = "c0ffee" * 6 + "abcd"
    ran = run("--output", "json", "sandbox", "push", "search", "--commit", commit)
    wrong = run("sandbox", "push", "search", "--commit", "main")

    assert [image["ref"] for image in json.loads(ran.stdout)["pushed"]] == [f"ref.{commit}"]
    assert wrong.returncode == 2
    assert "--commit 'main' is not valid" in wrong.stderr


def test_trouble_is_made_for_a_service_of_an_environment(started: dict[str, str]) -> None:
    def desired() -> int:
        ecs = boto3.Session().client(
            "ecs",
            endpoint_url=started["AWS_ENDPOINT_URL_ECS"],
            region_name=started["AWS_REGION"],
            aws_access_key_id="444455556666",
            aws_secret_access_key="any",
        )
        service = ecs.describe_services(cluster="bookshop-stage", services=["orders-api"])["services"][0]
        return service["desiredCount"]

    words = ("--output", "json", "sandbox", "trouble", "orders-api", "scaled=3", "--environment-id", "stage")
    dry = run("--dry-run", *words)
    counts = [desired()]
    made = run(*words)
    counts.append(desired())
    lasting = run("sandbox", "trouble", "orders-api", "no-capacity", "--environment-id", "stage")

    assert (dry.returncode, made.returncode) == (0, 0), dry.stderr + made.stderr
    assert counts == [1, 3]
    document = {
        "service_id": "orders-api",
        "environment": "stage",
        "cluster": "bookshop-stage",
        "service_name": "orders-api",
        "kind": "scaled",
        "count": 3,
        "after": 0,
        "next_deployment": False,
    }
    assert json.loads(dry.stdout) == {"trouble": {**document, "dry_run": True}}
    assert json.loads(made.stdout) == {"trouble": {**document, "dry_run": False}}
    assert "Dry run, nothing happens: orders-api in stage" in dry.stderr
    assert "sandbox trouble orders-api none --environment-id stage" in lasting.stdout


def test_trouble_that_is_not_clear_is_one_line(started: dict[str, str]) -> None:
    del started
    for words, code, message in [
        (("orders-api", "flood"), 2, "there is no trouble 'flood'"),
        (("orders-api", "scaled"), 2, "scaled=COUNT"),
        (("orders-api", "none"), 2, "in each of stage, prod"),
        (("orders", "none"), 1, "its services: shop-website"),
        (("orders-api", "none", "--after", "-1"), 2, "--after"),
        (("orders-api",), 2, "TROUBLE"),
    ]:
        ran = run("sandbox", "trouble", *words)
        assert (ran.returncode, len(ran.stderr.splitlines())) == (code, 1), words
        assert message in ran.stderr


def test_dry_run_starts_pushes_and_stops_nothing(started: dict[str, str]) -> None:
    images = run("show-images", "--label", "latest", **started).stdout
    pushes = [
        run("--dry-run", "--output", "json", "sandbox", "push", *named) for named in [("shop",), ("--all",)]
    ]
    started_elsewhere = run("--dry-run", "sandbox", "start", "--detach", "--dir", "elsewhere")
    stopped = run("--dry-run", "sandbox", "stop")

    assert [json.loads(push.stdout) for push in pushes] == [{"pushed": [], "dry_run": True}] * 2
    assert "shop" in pushes[0].stderr
    assert run("show-images", "--label", "latest", **started).stdout == images
    assert "bookshop: 3 images, 4 services" in started_elsewhere.stdout
    assert not Path("elsewhere").exists()
    assert "would be ended" in stopped.stdout
    assert run("sandbox", "env").returncode == 0


@pytest.mark.parametrize("named", [(), ("shop", "--all")], ids=["nothing", "both"])
def test_push_of_no_image_or_of_all_and_another_is_bad_usage(named: tuple[str, ...]) -> None:
    ran = run("sandbox", "push", *named)

    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1
    assert "--all" in ran.stderr


def test_changed_project_file_is_told_beside_the_result() -> None:
    text = Path(weco_deploy.__file__).with_name("sandbox").joinpath("sample.wellcome_project").read_text()
    file = Path(".wellcome_project")
    file.write_text(text)
    try:
        assert run("sandbox", "start", "--detach").returncode == 0
        unchanged = run("sandbox", "env")
        file.write_text(f"{text}    - {{id: reviews, services: [reviews-api]}}\n")
        env, push = run("sandbox", "env"), run("sandbox", "push", "reviews")
        added = run("sandbox", "start")
        pushed = run("sandbox", "push", "reviews")
    finally:
        run("sandbox", "stop")

    note = "has changed since the sandbox was started; to add what is new in it: weco-deploy sandbox start"
    assert unchanged.stderr == ""
    assert note in env.stderr
    assert "export AWS_ENDPOINT_URL=" in env.stdout
    assert (push.returncode, note in push.stderr) == (1, True)
    assert "service reviews-api in prod: bookshop-prod/reviews-api" in added.stdout
    assert (pushed.returncode, pushed.stderr) == (0, "")


def test_hints_name_the_sandbox_s_directory_and_the_project_file() -> None:
    """They work where they are pasted."""
    ran = run("-f", "sub/.wellcome_project", "sandbox", "env", "--dir", "a place")

    start = "weco-deploy --project-file sub/.wellcome_project sandbox start --detach"
    assert f"{start} --dir '{Path('a place').absolute()}'" in ran.stderr


def test_directory_that_cannot_be_used_is_one_line() -> None:
    Path("file").touch()

    started = run("sandbox", "start", "--dir", "file")
    others = [run("sandbox", *words, "--dir", "file") for words in (["env"], ["push", "--all"], ["stop"])]

    assert (started.returncode, len(started.stderr.splitlines())) == (1, 1)
    assert "file: it is a file; choose another directory with --dir" in started.stderr
    assert [ran.returncode for ran in others] == [1, 1, 0]
    assert "internal error" not in "".join(ran.stderr for ran in others)


def test_push_with_an_unknown_behaviour_is_bad_usage() -> None:
    ran = run("sandbox", "push", "shop", "--behaviour", "nonsense")

    assert ran.returncode == 2
    assert "nonsense" in ran.stderr


def test_project_file_in_the_working_directory_may_be_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = Path(weco_deploy.__file__).with_name("sandbox").joinpath("sample.wellcome_project").read_text()
    file = Path("project.yaml").absolute()
    file.write_text(sample)
    try:
        ran = run("-f", "project.yaml", "sandbox", "start", "--detach")
        assert ran.returncode == 0, ran.stderr
        file.write_text(f"{sample}# changed\n")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        env = run("-f", str(file), "sandbox", "env")
    finally:
        run("-f", str(file), "sandbox", "stop")

    assert (env.returncode, f"note: {file} has changed" in env.stderr) == (0, True)
