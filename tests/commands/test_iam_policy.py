"""The policy allows what the commands call, and nothing that no command calls.

The commands run with `--verbose`, which shows each call to AWS.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import SHOP
from tests.commands.team import SOON, Team
from tests.commands.test_publish import COMMIT, Builder
from tests.local.fake_engine import fake_engine
from tests.local.layouts import single
from tests.sandbox.rollouts import eventually
from tests.sandboxes import Provisioned
from weco_deploy import config
from weco_deploy.aws.api import CALLS
from weco_deploy.sandbox.estate import Estate

CALL = re.compile(r"^[a-z0-9-]+:(?P<operation>[A-Z]\w+) .*(?:attempt|no answer)", re.MULTILINE)


class Audited:
    """Runs commands, and notes the operations that they call."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.operations: set[str] = set()

    def run(self, *arguments: str, code: int = 0) -> None:
        ran = self.team.run("--verbose", "--confirm", *arguments)
        assert ran.code == code, ran.err
        self.operations |= {found["operation"] for found in CALL.finditer(ran.err)}

    @property
    def actions(self) -> set[str]:
        """The IAM actions of the operations. Operations that the table lacks count with their own name."""
        table = {call.operation: set(call.actions) for call in CALLS}
        return set().union(*(table.get(operation, {operation}) for operation in self.operations))


def stop_tasks(team: Team, service_id: str) -> None:
    """Set a service's desired count to 0, and wait until none of its tasks runs."""
    ecs, made = team.aws.ecs("stage"), team.aws.made("stage", service_id)
    ecs.update_service(cluster=made.cluster, service=made.name, desiredCount=0)
    eventually(lambda: not ecs.list_tasks(cluster=made.cluster, serviceName=made.name)["taskArns"])


def give_host_ports(team: Team, service_id: str) -> None:
    """Let a service's tasks have ports of their EC2 instances in place of addresses, so that their targets are known by these."""
    ecs, made = team.aws.ecs("stage"), team.aws.made("stage", service_id)
    (service,) = ecs.describe_services(cluster=made.cluster, services=[made.name])["services"]
    defined = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    revised = ecs.register_task_definition(
        family=defined["family"], networkMode="bridge", containerDefinitions=defined["containerDefinitions"]
    )
    ecs.update_service(
        cluster=made.cluster,
        service=made.name,
        taskDefinition=revised["taskDefinition"]["taskDefinitionArn"],
    )


def pause_deployments(team: Team, service_id: str) -> None:
    """Let ECS pause each later deployment of a service."""
    ecs, made = team.aws.ecs("stage"), team.aws.made("stage", service_id)
    hook = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}
    configuration: Any = {"strategy": "BLUE_GREEN", "lifecycleHooks": [hook]}
    ecs.update_service(
        cluster=made.cluster,
        service=made.name,
        deploymentConfiguration=configuration,
    )


def test_commands_call_every_action_of_the_policy_and_no_other(
    provisioned: Provisioned,
    account: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = Path(".wellcome_project")
    file.write_text(f"{SHOP}  role_arn: arn:aws:iam::9{account[1:]}:role/shop-ci\n")
    (project,) = config.load(file).projects.values()
    balanced = provisioned(project, estate=Estate(load_balancers=True))  # reads the health of targets
    team = Team(project, balanced, monkeypatch, capsys)
    give_host_ports(team, "search-api")  # reads their EC2 instances
    audited = Audited(team)
    team.push_all()

    audited.run("release-deploy", "--environment-id", "stage", *SOON)  # also makes the table
    for behaviour in ("protected=3600", "good"):  # the second also reads the protection of old tasks
        team.push("items", behaviour)
        audited.run("release-deploy", "--environment-id", "stage", *SOON)
    team.push("search", "crash=3,lines=no index")
    audited.run("release-deploy", "--environment-id", "stage", *SOON, code=1)  # also reads logs
    audited.run("rollback", "--environment-id", "stage", *SOON)
    pause_deployments(team, "items-api")
    for behaviour in ("good,start=3600", "good"):  # one is in progress when it is rolled back, one paused
        team.push("search" if "start" in behaviour else "items", behaviour)
        audited.run(
            "release-deploy", "--environment-id", "stage", *SOON, "--confirmation-wait-for", "3", code=3
        )
        audited.run("rollback", "--environment-id", "stage", *SOON)
    audited.run("lock", "--environment-id", "stage", "--reason", "a test")
    audited.run("unlock", "--environment-id", "stage")
    for command in ("doctor", "status", "show-releases", "show-deployments", "show-deployment"):
        audited.run(command)
    audited.run("board", "--out", str(tmp_path / "board"))
    team.push_without_commit("reports")
    audited.run("show-images")  # also reads the commit in an image's label
    layout = str(single().layout.archive(tmp_path / "image.tar"))
    audited.run("publish", "--image-id", "items", "--ref", COMMIT, "--oci-layout", layout)
    with fake_engine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        Builder(team, engine).build(f"search:{COMMIT}")
        audited.run("publish", "--image-id", "search", "--ref", COMMIT)
    # A service without tasks is judged by what its last deployment would run.
    stop_tasks(team, "search-api")
    audited.run("plan", "--environment-id", "stage")
    # Services of which none is found by its tags are looked for in all clusters.
    file.write_text(file.read_text().replace("search-api", "nowhere").replace("items-", "lost-"))
    audited.run("plan", "--environment-id", "prod", code=1)
    policy = json.loads(team.run("iam-policy").out)

    assert audited.actions == {action for statement in policy["Statement"] for action in statement["Action"]}
