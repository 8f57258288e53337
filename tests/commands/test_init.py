"""`init` as a newcomer runs it: the file that it writes is deployed without edits, and each service is redeployed once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.desk import Ran
from tests.commands.team import Team
from tests.commands.test_iam_policy import Audited
from tests.sandbox.test_estates import CATALOGUE_API, CATALOGUE_PIPELINE, STORAGE
from tests.sandboxes import Provisioned
from weco_deploy import config
from weco_deploy.model.project import Project
from weco_deploy.sandbox.estate import Estate

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


@pytest.mark.parametrize(("project", "estate"), ESTATES)
def test_written_file_deploys_an_estate_without_edits(
    project: Project,
    estate: Estate,
    provisioned: Provisioned,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sandbox = provisioned(project, estate=estate)
    team = Team(project, sandbox, monkeypatch, capsys)
    environment = project.environments[0].id

    written = team.json("init", "--write")
    team.push_all()
    planned = team.json("--dry-run", "release-deploy", "--environment-id", environment)
    ran = team.release_deploy(to=environment)
    again = team.release_deploy(to=environment)

    assert written.code == 0, written.err
    assert config.load(Path(".wellcome_project")).warnings == ()
    expected = sorted(
        f"{made.cluster}/{made.name}" for made in sandbox.state.services if made.environment_id == environment
    )
    assert len(planned.json["plan"]["services"]) == len(expected)
    assert ran.code == 0, ran.err
    assert redeployed(ran) == [(name, "succeeded") for name in expected]
    assert redeployed(again) == [(name, "unchanged") for name in expected]


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
