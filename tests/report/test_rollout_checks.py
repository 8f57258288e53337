"""How checks after a rollout look in plans, results and JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.report.samples import deployment, later, outcome, plan, planned_image
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.rollout_check import CHECKS, HttpRequest, PlannedCheck, Program, RolloutCheck
from weco_deploy.model.steps import StepOutcome, StepStatus
from weco_deploy.report.deployment_text import deployment_text
from weco_deploy.report.documents import deployment_document, json_text, plan_document
from weco_deploy.report.plan_text import plan_text
from weco_deploy.report.screen import Screen

SMOKE = PlannedCheck(check=RolloutCheck(id="smoke", probe=Program(arguments=("./smoke", "--all of it"))))
HEALTH = PlannedCheck(
    check=RolloutCheck(
        id="health", probe=HttpRequest(url="https://{environment}.example.org"), advisory=True
    ),
    url="https://prod.example.org",
    fields=(("build.commit", "5cbf38d"),),
)
PLANNED = replace(plan((planned_image("search", "a", "b"),)), checks=(SMOKE, HEALTH))
FAILED = StepOutcome(
    id="smoke",
    kind=CHECKS,
    status=StepStatus.FAILED,
    started=later(3),
    finished=later(15),
    exit_code=3,
    detail="exit code 3",
    output=("checking", "  no answer"),
    advisory=True,
)


def test_plan_shows_what_each_check_does() -> None:
    text = plan_text(PLANNED, Screen())
    assert "Checks when all services have settled (2):" in text
    assert "./smoke '--all of it'" in text
    assert "https://prod.example.org and build.commit is 5cbf38d" in text
    assert text.count("advisory") == 1


def test_plan_in_json_has_the_checks_after_the_tasks() -> None:
    steps = json.loads(json_text(plan_document(PLANNED)))["plan"]["steps"]
    common = {"kind": "checks", "action": "run", "why": ""}
    assert steps == [
        {"id": "smoke", "command": ["./smoke", "--all of it"], "url": None, "advisory": False, **common},
        {"id": "health", "command": None, "url": "https://prod.example.org", "advisory": True, **common},
    ]


def test_failed_check_has_its_recorded_output_and_says_if_it_is_only_advisory() -> None:
    succeeded = deployment(
        DeploymentStatus.SUCCEEDED, (outcome("search", ServiceStatus.SUCCEEDED),), steps=(FAILED,)
    )
    text = deployment_text(succeeded, Screen())
    assert "smoke (checks) failed (advisory) after 12 s: exit code 3" in text
    assert "|   no answer" in text
    (step,) = json.loads(json_text(deployment_document(succeeded)))["deployment"]["steps"]
    assert (step["advisory"], step["output"]) == (True, ["checking", "  no answer"])
