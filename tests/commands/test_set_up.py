"""The commands of the set-up guide, one after the other, in a sandbox: each works, and the services run what was built."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.commands import guide
from tests.commands.aws_command import AwsCommand, parse
from tests.commands.team import Team
from tests.commands.test_set_up_page import ACTION, PIPELINE, WORKFLOW
from tests.local.fake_engine import FakeEngine, fake_engine
from tests.packaging.action_file import EXPRESSION, Action
from tests.sandboxes import Host, Provisioned, place_of
from weco_deploy import config
from weco_deploy.model.project import Project
from weco_deploy.sandbox import provision
from weco_deploy.sandbox.estate import Estate
from weco_deploy.sandbox.images import BuiltImage, build
from weco_deploy.sandbox.registry import Registry
from weco_deploy.sandbox.running import Sandbox, fill, new_state

NOTHING = "From an account with nothing"
RUNNING = "From services that run already"
ROLES = "Roles for pipelines"
BUILDKITE = "Buildkite"
INLINE = re.findall(r"`(weco-deploy [^`]+)`", guide.PAGES["set-up.md"])
"""Commands in the text of the set-up guide."""
REPOSITORY = "shop/web"
LATEST = "latest"
INTERVAL = "0.3"
GIT = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
AUTHOR = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *AUTHOR, *arguments], check=True, capture_output=True, text=True, env=GIT)
    return done.stdout.strip()


def commit(subject: str) -> str:
    """Commit all files in the working directory and push them to the remote."""
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", subject)
    git("push", "--quiet", "origin", "main")
    return git("rev-parse", "HEAD")


class Reader:
    """Somebody who follows the guide, with an account of a sandbox and a Docker Engine."""

    def __init__(self, team: Team, engine: FakeEngine) -> None:
        self.team = team
        self.images: dict[str, BuiltImage] = {}
        self._engine = engine
        self._engine.on_push = self._arrive

    def follow(self, part: str) -> None:
        """Do what the commands of a part of the guide say. The second time that an image is built, there is a new commit."""
        for command in guide.commands(part):
            self.do(command)

    def do(self, command: str) -> None:
        match command.split()[0]:
            case "aws":
                self._aws(command)
            case "docker":
                self._docker(command)
            case "weco-deploy":
                self._weco_deploy(command)
            case _:
                subprocess.run(["bash", "-c", command], check=True)

    def running(self, environment: str) -> list[set[str]]:
        """The digests of each running task's containers."""
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=f"shop-{environment}")["taskArns"]
        tasks = ecs.describe_tasks(cluster=f"shop-{environment}", tasks=arns)["tasks"]
        return [{container["imageDigest"] for container in task["containers"]} for task in tasks]

    def tags(self) -> dict[str, str]:
        """The digests of the repository's tags."""
        images = self.client("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
        return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", ())}

    def push(self, commit: str) -> str:
        """Build and push an image as the pipelines do, and return its digest."""
        image = build(REPOSITORY, commit)
        self._registry().push(place_of(self.team.sandbox), REPOSITORY, image, (f"ref.{commit}", LATEST))
        return image.digest

    def client(self, service: str) -> Any:
        """A client of boto3 for the sandbox; which one is only known here, so it has no type."""
        return boto3.Session().client(service)  # type: ignore[call-overload]  # the name is no literal

    def _weco_deploy(self, command: str) -> None:
        words, _, file = command.partition(" > ")
        ran = self.team.run(*shlex.split(words)[1:])
        assert ran.code == 0, f"{command}: {ran.err}{ran.out}"
        if file:
            Path(file).write_text(ran.out)

    def _aws(self, command: str) -> None:
        call = parse(command)
        if runs_in_sandbox(call):
            getattr(self.client(call.service), call.method)(**call.parameters)

    def _docker(self, command: str) -> None:
        if self.images:
            commit("Change something")
        (tag,) = re.findall(r'--tag "(.+?)"', command)
        name = tag.replace("$(git rev-parse HEAD)", git("rev-parse", "HEAD"))
        image = build(REPOSITORY, name)
        config_digest = image.blobs[1].digest
        self.images[config_digest] = image
        self._engine.images[name] = config_digest

    def _arrive(self, name: str, image_id: str) -> str:
        """The sandbox's registry gets an image that the engine pushes."""
        tag = name.rpartition(":")[2]
        self._registry().push(place_of(self.team.sandbox), REPOSITORY, self.images[image_id], [tag])
        return self.images[image_id].digest

    def _registry(self) -> Registry:
        return Registry(self.team.sandbox.state.ports.emulator)


def runs_in_sandbox(call: AwsCommand) -> bool:
    """Whether the sandbox has the call.

    It has no IAM and no log groups, and its ECR neither exclusions from immutability nor previews of lifecycle policies.
    """
    return call.service in {"ecr", "ecs"} and not re.search("Mutability|Preview", call.operation)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    with fake_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        yield engine


@pytest.fixture
def checkout(account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The working directory as a git repository with the guide's files, and a remote. Answers the project of the file."""
    git("init", "--quiet", "--initial-branch", "main")
    git("init", "--quiet", "--bare", "--initial-branch", "main", str(tmp_path / "remote"))
    git("remote", "add", "origin", str(tmp_path / "remote"))
    for name, text in guide.files(account).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    commit("Set up")
    monkeypatch.setenv("WECO_DEPLOY_CONFIRMATION_INTERVAL", INTERVAL)
    (project,) = config.load(Path(".wellcome_project")).projects.values()
    return project


@pytest.fixture
def newcomer(
    checkout: Project,
    sandbox_host: Host,
    account: str,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Reader:
    """Somebody whose account has nothing."""
    state = replace(new_state([checkout], sandbox_host.ports, account), images=(), services=())
    sandbox = Sandbox(directory=sandbox_host.directory, state=state)
    fill(sandbox)
    return Reader(Team(checkout, sandbox, monkeypatch, capsys), engine)


@pytest.fixture
def tagged() -> bool:
    """Whether the services have the tags `deployment:service` and `deployment:env`."""
    return True


@pytest.fixture
def owner(
    tagged: bool,
    checkout: Project,
    provisioned: Provisioned,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Reader:
    """Somebody whose services run already, with the guide's names and images of the commit that is checked out."""
    monkeypatch.setattr(provision, "new_commit", partial(git, "rev-parse", "HEAD"))
    estate = Estate(tagged=tagged, cluster_name="shop-{environment}", service_name="{service}")
    sandbox = provisioned(checkout, estate=estate)
    reader = Reader(Team(checkout, sandbox, monkeypatch, capsys), engine)
    reader.do(
        "aws ecr put-lifecycle-policy --repository-name shop/web --lifecycle-policy-text file://lifecycle.json"
    )
    return reader


def test_all_commands_are_in_parts_that_are_followed() -> None:
    parts = {section.part for section in guide.sections() if section.commands}
    assert parts == {"Install", NOTHING, RUNNING, ROLES, BUILDKITE}
    assert not [command for command in guide.commands(BUILDKITE) if not command.startswith("aws ")]


def test_installed_version_can_be_shown(newcomer: Reader) -> None:
    assert "weco-deploy --version" in guide.commands("Install")
    newcomer.do("weco-deploy --version")


def test_commands_lead_from_an_empty_account_to_watched_deployments(newcomer: Reader) -> None:
    newcomer.follow(NOTHING)

    tags = newcomer.tags()
    assert tags["env.stage"] == tags["env.prod"] == tags[LATEST] == tags[f"ref.{git('rev-parse', 'HEAD')}"]
    assert newcomer.running("stage") == newcomer.running("prod") == [{tags[LATEST]}] * 2
    deployments = newcomer.team.json("show-deployments").json["deployments"]
    assert [(known["environment"], known["status"]) for known in deployments] == [
        ("prod", "succeeded"),
        ("stage", "succeeded"),
        ("stage", "succeeded"),
    ]


@pytest.mark.parametrize("tagged", [False])
def test_commands_lead_from_running_services_without_tags_to_a_watched_deployment(owner: Reader) -> None:
    Path(".wellcome_project").unlink()
    pushed = owner.push(commit("Change something"))

    owner.follow(RUNNING)
    for command in INLINE:
        owner.do(command)

    assert owner.running("stage") == [{pushed}]
    assert owner.tags()["env.stage"] == pushed
    assert owner.tags()["env.prod"] != pushed
    deployments = owner.team.json("show-deployments").json["deployments"]
    assert {(known["environment"], known["status"]) for known in deployments} == {("stage", "succeeded")}


def test_roles_have_the_policies_of_their_environments(owner: Reader) -> None:
    owner.follow(ROLES)

    for environment in ("stage", "prod"):
        policy = json.loads(Path(f"{environment}-policy.json").read_text())
        statements = {statement["Sid"]: statement for statement in policy["Statement"]}
        assert {"LogInToRegistry", "PushImages"} <= set(statements)
        trust = json.loads(Path(f"{environment}-trust.json").read_text())
        (subject,) = [
            test["token.actions.githubusercontent.com:sub"]
            for test in trust["Statement"][0]["Condition"].values()
        ]
        assert subject.endswith(f":environment:{environment}")


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """The text with the values of GitHub's expressions."""
    return EXPRESSION.sub(lambda found: values[found["source"]], text)


def test_github_workflow_deploys_a_merge_to_stage_and_then_to_prod(owner: Reader, tmp_path: Path) -> None:
    merged = commit("Merge")
    pushed = owner.push(merged)
    known = {
        "github.sha": merged,
        "github.server_url": "https://github.com",
        "github.repository": "example/shop",
        "github.run_id": "1",
    }
    jobs = yaml.safe_load(Path(WORKFLOW).read_text())["jobs"]
    environment = owner.team.sandbox.environment() | {"WECO_DEPLOY_CONFIRMATION_INTERVAL": INTERVAL}

    for name in ("stage", "prod"):
        git("clone", "--quiet", str(tmp_path / "remote"), str(tmp_path / name))
        (step,) = [step for step in jobs[name]["steps"] if step["uses"] == ACTION]
        given = {key.replace("-", "_"): filled_in(str(text), known) for key, text in step["with"].items()}
        ran = Action().run(tmp_path / name, environment, **given)
        assert ran.code == 0, ran.log
        known |= {f"needs.{name}.outputs.{key}": value for key, value in ran.outputs.items()}

    assert owner.running("stage") == owner.running("prod") == [{pushed}]


def test_buildkite_pipeline_deploys_a_merge_to_stage_and_then_to_prod(owner: Reader) -> None:
    merged = commit("Merge")
    pushed = owner.push(merged)
    steps = {step["key"]: step for step in yaml.safe_load(Path(PIPELINE).read_text())["steps"]}

    for name in ("stage", "prod"):
        (command,) = [line for line in steps[name]["commands"] if line.startswith(".deploy/bin/weco-deploy ")]
        command = command.removeprefix(".deploy/bin/").replace("$$BUILDKITE_COMMIT", merged)
        if name == "prod":
            release = json.loads(Path("stage.json").read_text())["deployment"]["release_id"]
            command = command.replace("$$(buildkite-agent meta-data get release)", release)
        owner.do(command.replace("$$BUILDKITE_BUILD_URL", "https://buildkite.com/example/shop/builds/1"))
        assert "$$" not in command.replace("$$BUILDKITE_BUILD_URL", "")

    assert owner.running("stage") == owner.running("prod") == [{pushed}]
