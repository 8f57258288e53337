"""`init` as a newcomer runs it: its file is checked, deployed and promoted without edits, and each service is redeployed once."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest

from tests.cli.desk import Ran
from tests.commands.team import SOON, Team
from tests.commands.test_iam_policy import Audited
from tests.commands.test_set_up import git
from tests.sandbox.test_estates import CATALOGUE_API, CATALOGUE_PIPELINE, STORAGE
from tests.sandboxes import Provisioned
from weco_deploy import config
from weco_deploy.model.project import Project
from weco_deploy.sandbox import provision
from weco_deploy.sandbox.estate import Estate
from weco_deploy.sandbox.running import Sandbox

ESTATES = [
    pytest.param(
        STORAGE,
        Estate(
            tagged=False,
            cluster_name="storage-{environment}",
            service_name="storage-{environment}-{service}",
            environment_names={"stage": "staging"},
            bare_commits=True,
        ),
        id="storage",
    ),
    pytest.param(
        CATALOGUE_API,
        Estate(tagged=False, cluster_name="catalogue-api-2021-04-26", service_name="{environment}-{service}"),
        id="catalogue-api",
    ),
    pytest.param(
        CATALOGUE_PIPELINE,
        Estate(tagged=False, cluster_name="catalogue-{environment}", bare_commits=True),
        id="catalogue-pipeline",
    ),
]


def redeployed(ran: Ran) -> list[tuple[str, str]]:
    """The ECS services of a deployment, with their status."""
    return sorted(
        (f"{service['cluster'].rpartition('/')[2]}/{service['service_name']}", service["status"])
        for service in ran.json["deployment"]["services"]
    )


def services_of(sandbox: Sandbox, environment: str) -> list[str]:
    return sorted(
        f"{made.cluster}/{made.name}" for made in sandbox.state.services if made.environment_id == environment
    )


@pytest.mark.parametrize(("project", "estate"), ESTATES)
def test_written_file_deploys_an_estate_without_edits(
    project: Project,
    estate: Estate,
    provisioned: Provisioned,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    git("init", "--quiet", "--initial-branch", "main")
    git("commit", "--quiet", "--allow-empty", "--message", "What runs")
    monkeypatch.setattr(provision, "new_commit", partial(git, "rev-parse", "HEAD"))
    sandbox = provisioned(project, estate=estate)
    team = Team(project, sandbox, monkeypatch, capsys)
    first, second = (environment.id for environment in project.environments)

    written = team.json("init", "--write")
    checked = team.json("doctor")
    git("commit", "--quiet", "--allow-empty", "--message", "Change everything")
    head = git("rev-parse", "HEAD")
    pushed = {image.id: sandbox.push(image.id, commit=head).digest for image in project.images}
    team.push_all()  # later merges, which are not deployed
    assert team.json("prepare", "--commit", "HEAD").code == 0
    planned = team.json("plan", "--environment-id", first)
    ran = team.json("release-deploy", "--commit", "HEAD", "--environment-id", first, *SOON)
    promoted = team.json("promote", "--from", first, "--to", second, *SOON)
    again = team.json("promote", "--from", first, "--to", second, *SOON)

    assert written.code == 0, written.err
    assert config.load(Path(".wellcome_project")).warnings == ()
    results = {check["id"]: check["result"] for check in checked.json["checks"]}
    assert checked.code == 0, checked.out
    assert {check_id for check_id, result in results.items() if result != "ok"} == {
        "table_billing",
        "table_protection",
        "table_recovery",
    }, "there is no table yet"
    directions = [(image["direction"], image["commits_between"]) for image in planned.json["plan"]["images"]]
    assert set(directions) == {("ahead", 1)}
    assert len(planned.json["plan"]["services"]) == len(services_of(sandbox, first))
    for environment, deployed in ((first, ran), (second, promoted)):
        assert deployed.code == 0, deployed.err
        assert redeployed(deployed) == [(name, "succeeded") for name in services_of(sandbox, environment)]
        images = deployed.json["deployment"]["images"]
        assert {image_id: image["to_digest"] for image_id, image in images.items()} == {
            image_id: pushed[image_id] for image_id in images
        }
    assert redeployed(again) == [(name, "unchanged") for name in services_of(sandbox, second)]


def test_documented_policy_allows_what_init_calls_and_nothing_else(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox = provisioned(CATALOGUE_API, estate=Estate(tagged=False))
    audited = Audited(Team(CATALOGUE_API, sandbox, monkeypatch, capsys))
    permissions = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text()
    documents = [json.loads(text) for text in re.findall("```json\n(.*?)```", permissions, re.DOTALL)]
    statements = [statement for document in documents for statement in document["Statement"]]

    audited.run("init", "--print")

    (allowed,) = [
        statement["Action"] for statement in statements if statement.get("Sid") == "ReadServicesAndImages"
    ]
    assert audited.actions == set(allowed)
