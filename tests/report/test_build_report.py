"""What a build shows of each kind of run: annotations, summary, outputs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.samples import (
    CRASH,
    DEPLOYMENT_ID,
    EARLIER_ID,
    RELEASE_ID,
    change,
    deployment,
    later,
    outcome,
    plan,
    planned_image,
    planned_service,
    release,
)
from weco_deploy.errors import Command, EnvironmentLocked
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ServiceStatus
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Action, ClosedGate
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.report.build_report import BuildReport
from weco_deploy.report.build_summary import (
    already_newer_report,
    deployment_report,
    error_report,
    plan_report,
    release_report,
)

CRASHED = outcome("search", ServiceStatus.FAILED, "tasks failed to start", (CRASH,))
CHANGE = change("search", "a", "b")
COMMIT = Commit(
    commit="b" * 40, parents=(), author="Eve @eve", date=later(0), subject="Fix <b>all</b> ::error::x (#12)"
)
SHOP = WebRepository.of("https://github.com/example/shop")


def failed(**changes: object) -> Deployment:
    services = (CRASHED, outcome("items", ServiceStatus.UNCHANGED))
    made = deployment(DeploymentStatus.FAILED, services, images=(CHANGE,))
    return replace(made, **changes)  # type: ignore[arg-type]  # each test names fields with values of their types


def report(shown: Deployment) -> BuildReport:
    return deployment_report(shown, {"search": (COMMIT,)}, SHOP)


def position(text: str, *parts: str) -> list[int]:
    return [text.index(part) for part in parts]


def test_summary_begins_with_verdict_and_failures_then_commands_then_commits_and_folds_the_rest() -> None:
    summary = report(failed()).summary

    assert summary.startswith("### ✗ Release 8f14e45f to prod failed after 3 min 12 s\n")
    places = position(
        summary,
        "**search \\(catalogue/search\\-prod\\)** failed, exit code 3: tasks failed to start ([service](https://",
        "container app: Essential container in task exited",
        "\n      no index called works\n",
        "#### Next",
        f"    weco-deploy deploy --release-id {RELEASE_ID} --environment-id prod",
        "#### 1 image changed",
        "- **search** aaaaaaa → bbbbbbb (1 commit)",
        f"    - [bbbbbbb](https://github.com/example/shop/commit/{'b' * 40})",
        "<details><summary>All images and services</summary>",
        "| items | unchanged |",
    )
    assert places == sorted(places)


def test_events_that_only_repeat_that_tasks_failed_are_left_out() -> None:
    repeated = replace(
        CRASH,
        kind="event",
        container=None,
        log_lines=(),
        message="(service search) deployment failed: tasks failed to start.",
    )
    service = replace(CRASHED, failures=(CRASH, repeated))
    assert "deployment failed" not in report(failed(services=(service,))).summary


def test_each_message_of_a_failure_is_a_paragraph() -> None:
    events = tuple(
        replace(CRASH, container=None, log_lines=(), message=f"event {number}") for number in (1, 2)
    )
    assert (
        "\n\nevent 1\n\nevent 2\n\n" in report(failed(services=(replace(CRASHED, failures=events),))).summary
    )


def test_commit_subjects_and_authors_are_escaped() -> None:
    [line] = [line for line in report(failed()).summary.splitlines() if "Fix" in line]
    assert line.endswith("Fix \\<b\\>all\\</b\\> : :error::x \\(\\#12\\), Eve @\u200beve")


def test_rollback_has_its_verdict_below_the_failure() -> None:
    back = deployment(
        DeploymentStatus.SUCCEEDED, (outcome("search", ServiceStatus.SUCCEEDED),), release_id=EARLIER_ID
    )
    shown = failed(status=DeploymentStatus.ROLLED_BACK, rollback=replace(back, kind=Kind.ROLLBACK))
    summary = report(shown).summary
    places = position(
        summary,
        "failed and was rolled back",
        "no index called",
        "#### Rollback",
        "Rollback of prod to release c9f0f895 succeeded",
        "#### Next",
    )
    assert places == sorted(places)


def test_each_failed_service_is_an_annotation_with_exit_code_reason_and_log() -> None:
    commands = list(report(failed()).github_commands())
    assert commands == [
        "::error title=search::search (catalogue/search-prod) failed: exit code 3; tasks failed to start; log: no index called works"
    ]


def test_annotations_can_give_no_further_commands() -> None:
    harmful = replace(CRASHED, service_id="a:b,c\n::x", reason="100%\r\n::error::y ##[error]z")
    [command] = report(failed(services=(harmful,))).github_commands()
    title, _, text = command.removeprefix("::error title=").partition("::")
    assert title == "a%3Ab%2Cc %3A %3Ax"
    assert "100%25 : :error::y # #[error]z" in text
    assert len(command.splitlines()) == 1


def test_deployment_that_failed_without_a_service_is_an_annotation() -> None:
    shown = failed(services=(outcome("items", ServiceStatus.UNCHANGED),), reason="a tag could not be moved")
    assert list(report(shown).github_commands()) == [
        "::error title=Release 8f14e45f to prod failed after 3 min 12 s::a tag could not be moved"
    ]


def test_more_annotations_than_github_shows_are_counted() -> None:
    services = tuple(replace(CRASHED, service_id=f"s{number}") for number in range(12))
    commands = list(report(failed(services=services)).github_commands())
    assert len(commands) == 10
    assert commands[-1] == "::error title=weco-deploy::3 more failed"


@pytest.mark.parametrize(
    ("status", "service", "words"),
    [
        (DeploymentStatus.TIMED_OUT, ServiceStatus.IN_PROGRESS, "still in progress"),
        (DeploymentStatus.FAILED, ServiceStatus.SUPERSEDED, "superseded by another deployment"),
        (DeploymentStatus.INTERRUPTED, ServiceStatus.FAILED, "failed"),
    ],
)
def test_each_kind_of_failure_says_what_why_and_what_to_do(
    status: DeploymentStatus, service: ServiceStatus, words: str
) -> None:
    shown = failed(status=status, services=(outcome("search", service, "no capacity"),), reason="")
    made = report(shown)
    assert made.summary.startswith("### ✗ Release 8f14e45f to prod ")
    assert words in made.summary
    assert "no capacity" in made.summary
    assert "    weco-deploy " in made.summary
    assert any("no capacity" in annotation.message for annotation in made.annotations)
    assert not made.good


def test_interruption_is_an_annotation_instead_of_the_services_that_it_left_in_the_middle() -> None:
    services = (outcome("search", ServiceStatus.PENDING), outcome("items", ServiceStatus.IN_PROGRESS))
    made = report(failed(status=DeploymentStatus.INTERRUPTED, services=services, reason="a signal ended it"))
    assert [annotation.message for annotation in made.annotations] == ["a signal ended it"]


def test_success_has_no_annotation_and_no_next_command() -> None:
    made = report(
        failed(status=DeploymentStatus.SUCCEEDED, services=(outcome("search", ServiceStatus.SUCCEEDED),))
    )
    assert made.good
    assert made.annotations == ()
    assert "#### Next" not in made.summary


def test_outputs_and_variables_name_release_deployment_and_status() -> None:
    made = report(failed())
    assert made.outputs() == {"status": "failed", "release-id": RELEASE_ID, "deployment-id": DEPLOYMENT_ID}
    assert made.variables() == (
        f"DEPLOYMENT_STATUS=failed\nRELEASE_ID={RELEASE_ID}\nDEPLOYMENT_ID={DEPLOYMENT_ID}\n"
    )


def test_error_before_a_deployment_is_reported_with_its_hint() -> None:
    error = EnvironmentLocked("prod is held by `ada`", ("wait, or: ", Command("unlock")))
    made = error_report(error, ("--project-id", "shop"))
    assert made.summary == (
        "### ✗ weco\\-deploy: nothing was deployed\n\n    prod is held by `ada`\n\n\n"
        "    wait, or: weco-deploy --project-id shop unlock\n"
    )
    assert made.outputs()["status"] == error.code
    [command] = made.github_commands()
    assert command == (
        "::error title=weco-deploy::prod is held by `ada`; wait, or: weco-deploy --project-id shop unlock"
    )


def test_plan_shows_what_changes_and_folds_the_rest() -> None:
    planned = plan(
        (planned_image("search", "a", "b"),),
        (
            planned_service("search", Action.REDEPLOY, "other images run"),
            planned_service("items", Action.LEAVE, "it runs this release"),
        ),
        warnings=("prod is <locked>",),
    )
    summary = plan_report(planned).summary
    places = position(
        summary,
        "### Plan for prod: 1 tag to move, 1 service to redeploy",
        "⚠ prod is \\<locked\\>",
        "| search | env.prod | aaaaaaa | bbbbbbb |",
        "| search | other images run |",
        "<details><summary>1 other service</summary>",
        "| items | leave | it runs this release |",
    )
    assert places == sorted(places)


def test_plan_names_closed_gates_with_what_to_do() -> None:
    gate = ClosedGate(
        message="prod requires stage", reasons=("stage <failed>",), hint="deploy it there first"
    )
    summary = plan_report(replace(plan(), closed_gates=(gate,))).summary
    assert "✗ **prod requires stage**: stage \\<failed\\>\n\n    deploy it there first\n" in summary


def test_plan_without_changes_says_so() -> None:
    assert plan_report(plan()).summary.startswith("### Plan for prod: nothing to do")


def test_run_that_was_overtaken_says_that_nothing_was_deployed() -> None:
    made = already_newer_report(plan(), deployment())
    assert made.summary.startswith("### Nothing was deployed: prod is already newer")
    assert made.outputs() == {"status": "", "release-id": "", "deployment-id": ""}


def test_release_is_named_with_its_images_folded() -> None:
    made = release_report(release())
    assert made.summary.startswith("### Release 8f14e45f\n<details><summary>2 images</summary>")
    assert made.outputs()["release-id"] == RELEASE_ID


@pytest.mark.parametrize(("failures", "more"), [(30, False), (31, True)])
def test_summary_stays_below_the_limits_of_build_systems(failures: int, *, more: bool) -> None:
    long = replace(CRASH, log_lines=("x" * 5000,) * 20)
    services = tuple(
        replace(CRASHED, service_id=f"s{number}", failures=(long,)) for number in range(failures)
    )
    summary = report(failed(services=services)).summary
    assert len(summary.encode()) < 1024 * 1024
    assert ("and 1 more" in summary) == more


def test_annotation_of_a_service_without_an_exit_code_has_the_words_of_ecs() -> None:
    event = Failure(kind="event", message="was unable to place a task")
    services = (outcome("search", ServiceStatus.FAILED, "ECS rolls it back", (event,)),)

    made = report(failed(services=services))

    assert [annotation.message for annotation in made.annotations] == [
        "search (catalogue/search-prod) failed: ECS rolls it back; was unable to place a task"
    ]
