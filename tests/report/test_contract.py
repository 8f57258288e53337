"""The JSON contract: scripts rely on these keys. Keys may be added, but never removed or renamed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from tests.report.samples import (
    CLUSTER,
    CRASH,
    DEPLOYMENT_ID,
    EARLIER_ID,
    NIGHTLY,
    NOON,
    RELEASE_ID,
    change,
    deployment,
    digest,
    outcome,
    plan,
    planned_image,
    planned_service,
    release,
    version,
)
from weco_deploy.errors import Command, EnvironmentLocked
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.draining import DrainingTask, StaysBecause
from weco_deploy.model.environment import Lock
from weco_deploy.model.plan import Action
from weco_deploy.model.release import ImageVersion, ReleaseDeployment
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.results import LabelledImage, PreparedRelease, ReleaseDifference
from weco_deploy.model.service import ServiceKey
from weco_deploy.report.board_result import board_document
from weco_deploy.report.documents import (
    Document,
    checks_document,
    deployment_document,
    deployments_document,
    difference_document,
    error_document,
    images_document,
    json_text,
    lock_document,
    plan_document,
    prepared_document,
    release_document,
    releases_document,
    unlocked_document,
)
from weco_deploy.report.next_steps import next_steps

B, C = "b" * 40, "c" * 40

RELEASE: Document = {
    "release_id": RELEASE_ID,
    "project_id": "catalogue_api",
    "project_name": "Catalogue API",
    "date_created": "2026-03-04T12:00:00.000000Z",
    "requested_by": "ada",
    "build_url": None,
    "description": "Weekly release",
    "from_label": "latest",
    "commit": None,
    "commits_behind": {},
    "complete": False,
    "missing": ["items"],
    "images": {"search": f"ref.{B}", "items": None},
    "refs": {"search": [f"ref.{B}"]},
    "digests": {"search": digest("b")},
    "deployments": [],
    "last_date_deployed": None,
}

DEPLOYMENT: Document = {
    "deployment_id": DEPLOYMENT_ID,
    "release_id": RELEASE_ID,
    "project_id": "catalogue_api",
    "environment": "prod",
    "kind": "deploy",
    "status": "failed",
    "date_created": "2026-03-04T12:00:00.000000Z",
    "date_finished": "2026-03-04T12:03:12.000000Z",
    "requested_by": "ada",
    "build_url": None,
    "description": "Weekly release",
    "gate_override": None,
    "reason": "",
    "images": {
        "search": {
            "from_digest": None,
            "to_digest": digest("b"),
            "tag_moved": True,
            "from_ref": None,
            "to_ref": f"ref.{B}",
            "direction": None,
            "commits_between": None,
        }
    },
    "services": [
        {
            "service_id": "search",
            "cluster": CLUSTER,
            "service_name": "search-prod",
            "images": ["search"],
            "ecs_deployment_id": "ecs-svc/2",
            "ecs_rollback": None,
            "status": "failed",
            "reason": "ECS rolled back",
            "failures": [
                {
                    "kind": "task",
                    "message": "Essential container in task exited",
                    "task": "0a1b2c3d4e5f",
                    "container": "app",
                    "stop_code": "EssentialContainerExited",
                    "exit_code": 3,
                    "log_location": "/ecs/search app/app/0a1b2c3d4e5f",
                    "log_lines": ["starting", "  no index called works"],
                }
            ],
            "draining": [],
            "tasks": None,
            "console_url": "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod"
            "/health?region=eu-west-1",
            "links": {
                "service": "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod"
                "/health?region=eu-west-1",
                "logs": "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod"
                "/logs?region=eu-west-1",
            },
        }
    ],
    "left_out": [
        {
            "kind": "service",
            "id": "nightly",
            "images": ["search"],
            "why": "optional",
            "reason": "nightly: not found",
        }
    ],
    "steps": [],
    "rollback": None,
}

NEXT: Document = {
    "next": [
        {
            "when": "check its current state",
            "command": "weco-deploy confirm-deploy --environment-id prod",
        },
        {
            "when": "after fixing the cause, run it again (healthy services are left alone)",
            "command": f"weco-deploy deploy --release-id {RELEASE_ID} --environment-id prod --description 'Weekly release'",
        },
    ]
}

FAILED = deployment(
    DeploymentStatus.FAILED,
    (outcome("search", ServiceStatus.FAILED, "ECS rolled back", (CRASH,)),),
    (change("search", None, "b"),),
    left_out=(NIGHTLY,),
)


def test_old_tasks_that_keep_running_are_in_the_document() -> None:
    until = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
    protected = DrainingTask("0a1b2c", until, StaysBecause.SCALE_IN_PROTECTION)
    early = DrainingTask("3d4e5f", None, StaysBecause.EARLY_SUCCESS)
    done = replace(outcome("search", ServiceStatus.SUCCEEDED), draining=(protected, early))
    shown = json_text(deployment_document(deployment(services=(done,))))
    (service,) = json.loads(shown)["deployment"]["services"]
    assert service["draining"] == [
        {"task": "0a1b2c", "until": "2026-03-04T14:30:00.000000Z", "why": "scale_in_protection"},
        {"task": "3d4e5f", "until": None, "why": "early_success"},
    ]


def test_release_document() -> None:
    document = release_document(release({"search": version("b"), "items": None}))
    assert document == RELEASE
    assert list(document) == list(RELEASE)  # the order is kept for people, who read it, too


def test_release_document_with_the_records_of_its_deployments() -> None:
    shown = release_document(release({"search": version("b"), "items": None}), (FAILED,))
    deployed = DEPLOYMENT["date_created"]
    assert shown == {**RELEASE, "deployments": [DEPLOYMENT], "last_date_deployed": deployed}


def test_release_document_lists_the_deployments_of_the_release() -> None:
    made = ReleaseDeployment(environment="stage", date_created=NOON, requested_by="ada", description="x")
    assert release_document(release(deployments=(made,)))["deployments"] == [
        {
            "deployment_id": None,
            "release_id": RELEASE_ID,
            "project_id": "catalogue_api",
            "environment": "stage",
            "date_created": "2026-03-04T12:00:00.000000Z",
            "requested_by": "ada",
            "description": "x",
        }
    ]


def test_release_document_of_5x_has_refs_but_no_digests() -> None:
    document = release_document(release({"search": ImageVersion(ref=f"ref.{B}")}))
    assert document["refs"] == {"search": [f"ref.{B}"]}
    assert document["digests"] == {}


def test_release_document_of_an_unsaved_release_has_no_id() -> None:
    assert release_document(release(release_id=""))["release_id"] is None


def test_releases_document() -> None:
    one = release({"search": version("b"), "items": None})
    assert releases_document((one, one)) == {"releases": [RELEASE, RELEASE]}


def test_prepared_document_has_the_previous_release() -> None:
    one = release({"search": version("b"), "items": None})
    prepared = PreparedRelease(release=one, previous=release(release_id=EARLIER_ID))
    assert prepared_document(prepared) == {"release": RELEASE, "previous_release_id": EARLIER_ID}
    assert prepared_document(replace(prepared, previous=None))["previous_release_id"] is None


def test_deployment_document() -> None:
    document = deployment_document(FAILED)
    assert document == {"deployment": {**DEPLOYMENT, **NEXT}}
    assert json.dumps(document) == json.dumps({"deployment": {**DEPLOYMENT, **NEXT}})  # the order is kept


def test_deployment_document_has_commands_with_the_global_options_and_flags() -> None:
    asked = DeployRequest(release=release(), environment_id="prod", description="x", force_redeploy=True)
    shown = deployment_document(FAILED, ("--project-id", "shop"), asked)["deployment"]
    assert isinstance(shown, dict)
    assert shown["next"] == [
        {"when": step.when, "command": step.command}
        for step in next_steps(FAILED, ("--project-id", "shop"), asked)
    ]


def test_deployment_document_of_a_success_has_no_next_commands() -> None:
    shown = deployment_document(deployment())["deployment"]
    assert isinstance(shown, dict)
    assert shown["next"] == []


def test_deployment_document_has_no_links_if_the_console_is_unknown() -> None:
    bare = replace(outcome("search", ServiceStatus.FAILED), key=ServiceKey("shop", "search"))
    shown = json_text(deployment_document(deployment(services=(bare,))))
    (service,) = json.loads(shown)["deployment"]["services"]
    assert service["links"] is service["console_url"] is None


def test_deployments_document() -> None:
    assert deployments_document((FAILED,)) == {"deployments": [DEPLOYMENT]}
    assert deployments_document(()) == {"deployments": []}


def test_deployment_document_contains_the_automatic_rollback() -> None:
    both = replace(FAILED, rollback=FAILED)
    shown = deployment_document(both)["deployment"]
    assert isinstance(shown, dict)
    assert {**shown, "next": None} == {**DEPLOYMENT, "rollback": DEPLOYMENT, "next": None}


def test_deployment_document_in_progress_has_no_end() -> None:
    going_on = deployment_document(deployment(DeploymentStatus.IN_PROGRESS))["deployment"]
    assert isinstance(going_on, dict)
    assert going_on["date_finished"] is None


def test_plan_document() -> None:
    planned = plan(
        (planned_image("search", "b", "c"), planned_image("items", None, "c")),
        (
            planned_service("search", Action.REDEPLOY, "other images run"),
            planned_service("items", Action.LEAVE, "it runs this release"),
        ),
        ("no service for works",),
    )
    service = {"cluster": CLUSTER, "images": ["search"], "ecs_deployment_id": None, "ecs_rollback": None}
    assert plan_document(planned) == {
        "plan": {
            "environment": "prod",
            "release_id": RELEASE_ID,
            "images": [
                {
                    "image_id": "search",
                    "repository": "uk.ac.wellcome/search",
                    "tag": "env.prod",
                    "from_digest": digest("b"),
                    "to_digest": digest("c"),
                    "from_commit": B,
                    "to_commit": C,
                    "moves": True,
                    "direction": "unknown",
                    "commits_between": None,
                    "commits_lost": [],
                    "unknown_because": None,
                },
                {
                    "image_id": "items",
                    "repository": "uk.ac.wellcome/items",
                    "tag": "env.prod",
                    "from_digest": None,
                    "to_digest": digest("c"),
                    "from_commit": None,
                    "to_commit": C,
                    "moves": True,
                    "direction": "unknown",
                    "commits_between": None,
                    "commits_lost": [],
                    "unknown_because": None,
                },
            ],
            "services": [
                {
                    **service,
                    "service_id": "search",
                    "service_name": "search-prod",
                    "redeploy": True,
                    "action": "redeploy",
                    "why": "other images run",
                    "wave": 1,
                },
                {
                    **service,
                    "service_id": "items",
                    "service_name": "items-prod",
                    "images": ["items"],
                    "redeploy": False,
                    "action": "leave",
                    "why": "it runs this release",
                    "ecs_deployment_id": "ecs-svc/1",
                    "ecs_rollback": None,
                    "wave": 1,
                },
            ],
            "steps": [],
            "left_out": [],
            "warnings": ["no service for works"],
            "changes": True,
            "already_newer": None,
            "dry_run": False,
            "current": {
                "release_id": EARLIER_ID,
                "status": "succeeded",
                "since": "2026-03-02T12:00:00.000000Z",
                "other_releases": 0,
            },
            "closed_gates": [],
        }
    }


def test_plan_document_of_an_unsaved_release_has_no_release_id() -> None:
    shown = plan_document(plan(is_new=True))["plan"]
    assert isinstance(shown, dict)
    assert shown["release_id"] is None
    assert shown["changes"] is False


def test_images_document() -> None:
    found = LabelledImage(digest=digest("b"), version=ImageVersion(ref=f"ref.{B}"), pushed_at=NOON)
    bare = LabelledImage(digest=digest("c"), version=None, remark="an index")
    assert images_document({"search": found, "items": bare, "works": None}) == {
        "images": {
            "search": {
                "ref": f"ref.{B}",
                "digest": digest("b"),
                "pushed_at": "2026-03-04T12:00:00.000000Z",
                "remark": None,
            },
            "items": {"ref": None, "digest": digest("c"), "pushed_at": None, "remark": "an index"},
            "works": None,
        }
    }


def test_difference_document() -> None:
    difference = ReleaseDifference(
        release=release(),
        base=release(release_id=EARLIER_ID),
        images={"search": (version("b"), version("c")), "items": (version("b"), None)},
        subjects={C: "Fix the search"},
    )
    assert difference_document(difference) == {
        "difference": {
            "release_id": RELEASE_ID,
            "base_release_id": EARLIER_ID,
            "images": {
                "search": {
                    "from_ref": f"ref.{B}",
                    "to_ref": f"ref.{C}",
                    "from_digest": digest("b"),
                    "to_digest": digest("c"),
                    "subject": "Fix the search",
                },
                "items": {
                    "from_ref": f"ref.{B}",
                    "to_ref": None,
                    "from_digest": digest("b"),
                    "to_digest": None,
                    "subject": None,
                },
            },
        }
    }


LOCK = Lock(owner="secret", holder="ada", reason="an audit", since=NOON)
OF_A_DEPLOYMENT = replace(LOCK, holder="ben", deployment_id=DEPLOYMENT_ID)
LOCKED: Document = {
    "environment": "prod",
    "holder": "ada",
    "reason": "an audit",
    "since": "2026-03-04T12:00:00.000000Z",
    "build_url": None,
    "holds": "now",
    "after": None,
    "dry_run": False,
}


def test_lock_document() -> None:
    assert lock_document("prod", LOCK, None, dry_run=False) == {"lock": LOCKED}


def test_lock_document_of_a_lock_that_waits_for_a_deployment() -> None:
    after = {"deployment_id": DEPLOYMENT_ID, "holder": "ben"}
    assert lock_document("prod", LOCK, OF_A_DEPLOYMENT, dry_run=True) == {
        "lock": {**LOCKED, "holds": "after", "after": after, "dry_run": True}
    }


def test_unlocked_document() -> None:
    assert unlocked_document("prod", OF_A_DEPLOYMENT, dry_run=False) == {
        "unlocked": {
            "environment": "prod",
            "holder": "ben",
            "reason": "an audit",
            "since": "2026-03-04T12:00:00.000000Z",
            "deployment_id": DEPLOYMENT_ID,
            "build_url": None,
            "dry_run": False,
        }
    }


def test_board_document_names_the_pages() -> None:
    pages = {"index.html": "<!doctype html>", "environments/prod.html": "<!doctype html>"}

    assert board_document("shop", "site", pages, dry_run=False) == {
        "board": {
            "project_id": "shop",
            "directory": "site",
            "pages": ["index.html", "environments/prod.html"],
            "dry_run": False,
        }
    }


def test_error_document() -> None:
    assert error_document(EnvironmentLocked("prod is held by ada", "wait for it")) == {
        "error": {"code": "environment_locked", "message": "prod is held by ada", "hint": "wait for it"}
    }


def test_error_document_has_the_global_options_in_the_hints_command() -> None:
    error = EnvironmentLocked("prod is held by ada", ("release it with: ", Command("unlock"), " (--force)"))
    shown = error_document(error, ("--project-id", "Sam's"))["error"]
    assert isinstance(shown, dict)
    assert shown["hint"] == """release it with: weco-deploy --project-id 'Sam'"'"'s' unlock (--force)"""
    assert error.hint == "release it with: weco-deploy unlock (--force)"


def test_checks_document_has_the_command_or_else_the_advice_as_remedy() -> None:
    command = ("weco-deploy", "iam-policy")
    checks = [
        Check("clock", Result.OK, "right"),
        Check("git", Result.WARN, "shallow", "fetch more"),
        Check("permissions", Result.FAIL, "denied", "compare it with:", command),
        Check("table", Result.SKIP, "denied", "", ("aws", "dynamodb", "a b")),
    ]

    assert checks_document(checks, ("--project-id", "shop")) == {
        "checks": [
            {"id": "clock", "result": "ok", "found": "right", "remedy": None},
            {"id": "git", "result": "warn", "found": "shallow", "remedy": "fetch more"},
            {
                "id": "permissions",
                "result": "fail",
                "found": "denied",
                "remedy": "weco-deploy --project-id shop iam-policy",
            },
            {"id": "table", "result": "skip", "found": "denied", "remedy": "aws dynamodb 'a b'"},
        ]
    }


def test_times_are_in_utc() -> None:
    summer = timezone(timedelta(hours=1))
    at_one = datetime(2026, 3, 4, 13, 0, 0, 5, tzinfo=summer)
    naive = datetime(2026, 3, 4, 12, 0, tzinfo=UTC).replace(tzinfo=None)
    assert release_document(release(made=at_one))["date_created"] == "2026-03-04T12:00:00.000005Z"
    assert release_document(release(made=naive))["date_created"] == "2026-03-04T12:00:00.000000Z"


def test_json_is_ascii() -> None:
    text = json_text(release_document(release(description="Œuvres → \x1b[31m")))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["description"] == "Œuvres → \x1b[31m"


def test_json_and_plain_progress_do_not_import_rich() -> None:
    modules = "weco_deploy.report.documents, weco_deploy.report.progress, sys"
    check = f"import {modules}; print([name for name in sys.modules if name.startswith('rich')])"
    path = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run([sys.executable, "-c", path + check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
