"""Teams' real project files: every project and environment, deployed as by their pipelines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.team import SOON, Team
from tests.sandboxes import Provisioned
from weco_deploy import config
from weco_deploy.model.project import Image, Project
from weco_deploy.sandbox import commands

ROOT = Path(__file__).parents[2]
REAL_FILES = ROOT.parent / "shared" / "projects"
OWN_FILES = (
    ROOT / "examples" / ".wellcome_project",
    Path(commands.__file__).parent / "sample.wellcome_project",
)
SMALL = 8
"""The images of a real project that `make test` deploys. Those of larger projects take up to a minute each."""
CODE_DEPLOY = re.compile(r"^ +code_deploy:\n(?: +(?:application|deployment_group): .*\n)+", re.MULTILINE)
HTTP_CHECK = re.compile(r"^ +- id: health\n(?:.+\n)+", re.MULTILINE)
PROGRAM = "smoke-test"
"""What the example runs as a check."""
Opened = Callable[[Path, str], Team]


def _cases() -> Iterator[object]:
    for file in (*sorted(REAL_FILES.glob("*.yml")), *OWN_FILES):
        for project_id, project in config.load(file).projects.items():
            large = file not in OWN_FILES and len(project.images) > SMALL
            marks = (pytest.mark.exhaustive,) if large else ()
            yield pytest.param(file, project_id, id=f"{file.stem or file.name}-{project_id}", marks=marks)
    if not REAL_FILES.is_dir():
        yield pytest.param(
            REAL_FILES,
            "",
            id="real",
            marks=pytest.mark.skip(reason="the real project files are not beside this repository"),
        )


@pytest.fixture
def opened(
    provisioned: Provisioned,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Opened:
    def open_project(original: Path, project_id: str) -> Team:
        file = for_the_sandbox(original, tmp_path)
        project = config.load(file).project(project_id)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("WECO_DEPLOY_PROJECT_FILE", str(file))
        monkeypatch.setenv("WECO_DEPLOY_PROJECT_ID", project_id)
        return Team(project, provisioned(project), monkeypatch, capsys)

    return open_project


@pytest.mark.parametrize(("file", "project_id"), list(_cases()))
def test_release_of_the_latest_images_reaches_every_environment(
    opened: Opened, file: Path, project_id: str
) -> None:
    team = opened(file, project_id)
    for environment in team.project.environments:
        ours = ours_in(team.project)
        everywhere = {image.id: ours & set(image.services) for image in team.project.images}
        deploys(team, environment.id, team.push_all(), everywhere)
        image = image_of_shared_services(team.project)
        deploys(
            team,
            environment.id,
            {image.id: team.push(image.id).digest},
            {image.id: ours & set(image.services)},
        )
        finds_nothing_to_do(team, environment.id)
        shown = team.json("show-deployments", "--environment-id", environment.id).json["deployments"]
        assert [deployment["status"] for deployment in shown] == ["succeeded"] * 3
        assert [len(redeployed(deployment)) for deployment in shown] == [
            0,
            len(ours & set(image.services)),
            len(ours),
        ]


def deploys(team: Team, environment_id: str, pushed: dict[str, str], affected: dict[str, set[str]]) -> None:
    """Check that the pushed images, and nothing else, are deployed to the environment, and to no other."""
    before = {environment.id: team.aws.rollouts(environment.id) for environment in team.project.environments}

    ran = team.release_deploy(*past_gates(team, environment_id), to=environment_id)

    assert ran.code == 0, ran.err
    deployment = ran.json["deployment"]
    digests = {image_id: image["to_digest"] for image_id, image in deployment["images"].items()}
    assert (digests, digests) == team.aws.latest_and_deployed(environment_id)
    assert digests == digests | pushed
    expected = {
        service_id: {image_id: {digests[image_id]} for image_id in image_ids}
        for service_id, image_ids in team.project.services.items()
        if service_id in ours_in(team.project)
    }
    running = team.aws.running(environment_id)
    assert {service_id: running[service_id] for service_id in expected} == expected

    services = {service_id for services in affected.values() for service_id in services}
    after = {environment.id: team.aws.rollouts(environment.id) for environment in team.project.environments}
    for service_id, now in after.pop(environment_id).items():
        then = before[environment_id][service_id]
        if service_id in services:
            assert (now.times, now.begun >= then.begun) == (then.times + 1, True), service_id
            assert now.deployment_id != then.deployment_id
        else:
            assert now == then, service_id
    assert redeployed(deployment) == services
    assert after == {environment_id: before[environment_id] for environment_id in after}


def finds_nothing_to_do(team: Team, environment_id: str) -> None:
    before = team.aws.rollouts(environment_id), team.aws.deployed(environment_id)

    ran = team.run(
        *("--confirm", "release-deploy", "--environment-id", environment_id, *SOON),
        *past_gates(team, environment_id),
    )

    assert ran.code == 0, ran.err
    assert "nothing to do" in ran.err
    assert "nothing to do" in ran.out
    assert before == (team.aws.rollouts(environment_id), team.aws.deployed(environment_id))


def for_the_sandbox(file: Path, directory: Path) -> Path:
    """A copy of the project file, and the program that it runs.

    ECS itself deploys the sandbox's services, so CodeDeploy's keys are left out; so is the check that asks the internet.
    """
    copy = directory / "project.yml"
    copy.write_text(HTTP_CHECK.sub("", CODE_DEPLOY.sub("", file.read_text())))
    program = directory / PROGRAM
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    return copy


def ours_in(project: Project) -> set[str]:
    """The services that nothing else deploys."""
    return set(project.services) - project.services_of_others


def past_gates(team: Team, environment_id: str) -> tuple[str, ...]:
    """Options to pass the gate of the example's prod, which accepts only releases that succeeded in stage."""
    gated = team.project.environment(environment_id).requires
    return ("--override-gate", "each environment is tried by itself") if gated else ()


def redeployed(deployment: dict[str, list[dict[str, str]]]) -> set[str]:
    """The services that the deployment redeployed."""
    return {service["service_id"] for service in deployment["services"] if service["status"] == "succeeded"}


def image_of_shared_services(project: Project) -> Image:
    """The image whose services run the most images."""
    return max(
        project.images, key=lambda image: sum(len(project.services[service]) for service in image.services)
    )
