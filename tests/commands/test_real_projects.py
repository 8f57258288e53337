"""Teams' own project files, whole: every project, every environment, as their pipelines call the tool."""

from __future__ import annotations

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
Opened = Callable[[Path, str], Team]


def _cases() -> Iterator[object]:
    for file in (*sorted(REAL_FILES.glob("*.yml")), *OWN_FILES):
        for project_id in config.load(file).projects:
            yield pytest.param(file, project_id, id=f"{file.stem or file.name}-{project_id}")
    if not REAL_FILES.is_dir():
        yield pytest.param(
            REAL_FILES,
            "",
            id="real",
            marks=pytest.mark.skip(reason="the real project files are not beside this repository"),
        )


@pytest.fixture
def opened(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Opened:
    def open_project(file: Path, project_id: str) -> Team:
        project = config.load(file).project(project_id)
        monkeypatch.setenv("WECO_DEPLOY_PROJECT_FILE", str(file))
        monkeypatch.setenv("WECO_DEPLOY_PROJECT_ID", project_id)
        return Team(project, provisioned(project), monkeypatch, capsys)

    return open_project


@pytest.mark.parametrize(("file", "project_id"), list(_cases()))
def test_a_release_of_what_is_latest_reaches_every_environment(
    opened: Opened, file: Path, project_id: str
) -> None:
    team = opened(file, project_id)
    for environment in team.project.environments:
        everywhere = {image.id: image.services for image in team.project.images}
        deploys(team, environment.id, team.push_all(), everywhere)
        one = entangled(team.project)
        deploys(team, environment.id, {one.id: team.push(one.id).digest}, {one.id: one.services})
        finds_nothing_to_do(team, environment.id)
        shown = team.json("show-deployments", "--environment-id", environment.id).json["deployments"]
        assert [each["status"] for each in shown] == ["succeeded"] * 3
        assert [len(redeployed(each)) for each in shown] == [0, len(one.services), len(team.project.services)]


def deploys(
    team: Team, environment_id: str, pushed: dict[str, str], affected: dict[str, tuple[str, ...]]
) -> None:
    """What was pushed, and nothing else, goes to the environment, and to no other one."""
    before = {each.id: team.aws.rollouts(each.id) for each in team.project.environments}

    ran = team.release_deploy(*past_gates(team, environment_id), to=environment_id)

    assert ran.code == 0, ran.err
    deployment = ran.json["deployment"]
    digests = {image_id: image["to_digest"] for image_id, image in deployment["images"].items()}
    assert digests == team.aws.digests("latest") == team.aws.digests(f"env.{environment_id}")
    assert digests == digests | pushed
    expected = {
        service_id: {image_id: {digests[image_id]} for image_id in image_ids}
        for service_id, image_ids in team.project.services.items()
    }
    assert team.aws.running(environment_id) == expected

    services = {service_id for services in affected.values() for service_id in services}
    after = {each.id: team.aws.rollouts(each.id) for each in team.project.environments}
    for service_id, now in after.pop(environment_id).items():
        then = before[environment_id][service_id]
        if service_id in services:
            assert (now.times, now.begun >= then.begun) == (then.times + 1, True), service_id
            assert now.deployment_id != then.deployment_id
        else:
            assert now == then, service_id
    assert redeployed(deployment) == services
    assert after == {each: before[each] for each in after}


def finds_nothing_to_do(team: Team, environment_id: str) -> None:
    before = team.aws.rollouts(environment_id), team.aws.digests(f"env.{environment_id}")

    ran = team.run(
        *("--confirm", "release-deploy", "--environment-id", environment_id, *SOON),
        *past_gates(team, environment_id),
    )

    assert ran.code == 0, ran.err
    assert "nothing to do" in ran.err
    assert "nothing to do" in ran.out
    assert before == (team.aws.rollouts(environment_id), team.aws.digests(f"env.{environment_id}"))


def past_gates(team: Team, environment_id: str) -> tuple[str, ...]:
    """The example's prod takes what succeeded in stage; here something new goes to each."""
    gated = team.project.environment(environment_id).requires
    return ("--override-gate", "each environment is tried by itself") if gated else ()


def redeployed(deployment: dict[str, list[dict[str, str]]]) -> set[str]:
    """The services of a deployment that did not run it before."""
    return {each["service_id"] for each in deployment["services"] if each["status"] == "succeeded"}


def entangled(project: Project) -> Image:
    """The image whose services run the most images of the project."""
    return max(
        project.images, key=lambda image: sum(len(project.services[service]) for service in image.services)
    )
