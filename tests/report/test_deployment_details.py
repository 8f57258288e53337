from __future__ import annotations

from dataclasses import replace

import pytest
from rich.text import Text

from tests.report.samples import (
    CRASH,
    DEPLOYMENT_ID,
    EARLIER_ID,
    change,
    deployment,
    later,
    outcome,
    release,
)
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ServiceOutcome, ServiceStatus
from weco_deploy.model.kind import Kind
from weco_deploy.model.results import DeploymentDetails
from weco_deploy.report.deployment_details import deployment_details_text
from weco_deploy.report.documents import deployment_details_document
from weco_deploy.report.screen import Screen
from weco_deploy.report.wording import person

ROLE = "arn:aws:sts::123456789012:assumed-role/deployer/eve@example.org"


def failed() -> Deployment:
    services = (
        outcome("search", ServiceStatus.FAILED, "its tasks stop", (CRASH,)),
        outcome("items", ServiceStatus.SUCCEEDED),
        outcome("web", ServiceStatus.UNCHANGED),
    )
    images = (change("search", "a", "b"), change("items", "c", "c", moved=False))
    return replace(
        deployment(DeploymentStatus.FAILED, services, images, build_url="https://builds.example.org/7"),
        requested_by=ROLE,
    )


def test_page_says_what_failed_why_who_did_it_and_what_to_do_next() -> None:
    details = DeploymentDetails(
        deployment=failed(), release=release(), subjects={"b" * 40: "Use the new index"}
    )

    text = deployment_details_text(details, Screen(), ("--project-id", "shop"))

    assert text == (
        """\
✗ Release 8f14e45f to prod failed after 3 min 12 s
  1 failed, 1 succeeded, 1 unchanged
  deployment 45c48cce-2e2d-4fbd-aa1c-0123456789ab
  1 tag moved

✗ search (catalogue/search-prod) failed: its tasks stop
    task 0a1b2c3d4e5f, container app, EssentialContainerExited, exit code 3: Essential container in task exited
      | starting
      |   no index called works
      log: /ecs/search app/app/0a1b2c3d4e5f
    service: https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod/health?region=eu-west-1
    logs:    https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/catalogue/services/search-prod/logs?region=eu-west-1

begun 2026-03-04 12:00 UTC, ended 2026-03-04 12:03 UTC
deploy by eve@example.org (role deployer)
build https://builds.example.org/7
description: Weekly release
release 8f14e45f-ceea-467f-a6fa-0123456789ab, made 2026-03-04 12:00 UTC by ada

Images changed (1):
  image   before   now      what the new one is about
  search  aaaaaaa  bbbbbbb  Use the new index
Images unchanged: 1
Services succeeded (1): items

Nothing was deployed to prod since.

Next:
  go back to the last release that worked:
    weco-deploy --project-id shop rollback --environment-id prod
  check its current state:
    weco-deploy --project-id shop confirm-deploy --environment-id prod
  after fixing the cause, run it again (healthy services are left alone):
    weco-deploy --project-id shop deploy --release-id 8f14e45f-ceea-467f-a6fa-0123456789ab --environment-id prod --description 'Weekly release'
"""
    )


def test_page_has_all_failures_and_shows_services_that_failed_alike_once() -> None:
    """The summary after a deployment leaves out the events that repeat a failure."""
    repeated = Failure(
        kind="event", message="(service search) is unable to consistently start tasks successfully."
    )
    services = tuple(
        replace(outcome(name, ServiceStatus.FAILED, "its tasks stop", (CRASH, repeated)), images=("search",))
        for name in ("api", "worker")
    )
    details = DeploymentDetails(deployment=replace(failed(), services=services), release=release())

    text = deployment_details_text(details, Screen())

    assert text.count(repeated.message) == 1
    assert text.count("  no index called works") == 1
    assert "the same with 1 more service: worker" in text


def test_page_of_an_old_deployment_says_what_followed_and_suggests_no_command() -> None:
    following = replace(
        deployment(release_id=EARLIER_ID),
        deployment_id="0000aaaa-1",
        date_created=later(600),
        date_finished=later(660),
        kind=Kind.ROLLBACK,
    )
    last = replace(
        following,
        deployment_id="1111bbbb-2",
        date_created=later(1200),
        date_finished=later(1290),
        kind=Kind.DEPLOY,
    )
    details = DeploymentDetails(deployment=failed(), release=release(), following=following, last=last)

    lines = deployment_details_text(details, Screen()).splitlines()

    assert lines[lines.index("What followed:") :] == [
        "What followed:",
        "  2026-03-04 12:10 UTC  ✓ Rollback of prod to release c9f0f895 succeeded after 1 min 00 s (rollback by ada, 0000aaaa)",
        "  last: 2026-03-04 12:20 UTC  ✓ Release c9f0f895 to prod succeeded after 1 min 30 s (deploy by ada, 1111bbbb)",
    ]


def test_deployment_that_followed_last_is_named_once() -> None:
    following = replace(deployment(), deployment_id="0000aaaa-1", date_created=later(600))
    details = DeploymentDetails(deployment=failed(), following=following, last=following)

    text = deployment_details_text(details, Screen())

    assert text.count("0000aaaa") == 1
    assert "Next:" not in text


def test_page_of_a_rollback_names_the_deployment_that_it_rolled_back() -> None:
    undoing = replace(deployment(release_id=EARLIER_ID), kind=Kind.ROLLBACK, deployment_id="0000aaaa-1")
    details = DeploymentDetails(deployment=undoing, undid=failed())

    lines = deployment_details_text(details, Screen()).splitlines()

    assert "rollback by ada" in lines
    assert "It rolled back deployment 45c48cce: release 8f14e45f of 2026-03-04 12:00 UTC" in lines
    assert f"release {EARLIER_ID}, whose record is gone" in lines


def test_page_of_a_rolled_back_deployment_has_the_rollback() -> None:
    undoing = replace(deployment(release_id=EARLIER_ID), kind=Kind.ROLLBACK, deployment_id="0000aaaa-1")
    details = DeploymentDetails(
        deployment=replace(failed(), status=DeploymentStatus.ROLLED_BACK, rollback=undoing)
    )

    lines = deployment_details_text(details, Screen()).splitlines()

    assert (
        lines[lines.index("Rollback:") + 1]
        == "✓ Rollback of prod to release c9f0f895 succeeded after 3 min 12 s"
    )


def test_deployment_in_progress_has_not_ended() -> None:
    details = DeploymentDetails(deployment=deployment(DeploymentStatus.IN_PROGRESS))

    assert (
        "begun 2026-03-04 12:00 UTC, not ended yet" in deployment_details_text(details, Screen()).splitlines()
    )


def test_document_has_the_deployment_and_its_context() -> None:
    following = replace(deployment(), deployment_id="0000aaaa-1", date_created=later(600))
    subjects = {"b" * 40: "Use the new index"}
    alone = deployment_details_document(DeploymentDetails(deployment=failed(), subjects=subjects))
    followed = deployment_details_document(
        DeploymentDetails(deployment=failed(), undid=deployment(), following=following, last=following)
    )

    assert set(alone) == {"deployment", "subjects", "undid", "following", "last"}
    assert alone["subjects"] == subjects
    assert (alone["undid"], alone["following"], alone["last"]) == (None, None, None)
    assert alone["deployment"]["next"]  # type: ignore[index, call-overload]  # a document is any JSON
    assert followed["deployment"]["next"] == []  # type: ignore[index, call-overload]  # as above
    assert followed["undid"]["deployment_id"] == DEPLOYMENT_ID  # type: ignore[index, call-overload]  # as above
    assert followed["following"]
    assert followed["following"] == followed["last"]


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        (ROLE, "eve@example.org (role deployer)"),
        (
            "arn:aws:sts::1:assumed-role/AWSReservedSSO_PowerUserAccess_0123456789abcdef/eve@example.org",
            "eve@example.org",
        ),
        ("arn:aws:iam::123456789012:user/people/eve", "eve"),
        ("arn:aws:iam::123456789012:root", "root of 123456789012"),
        (
            "arn:aws:sts::123456789012:assumed-role/deployer",
            "arn:aws:sts::123456789012:assumed-role/deployer",
        ),
        ("ada", "ada"),
        ("", ""),
    ],
)
def test_person_is_the_name_in_an_identity(identity: str, shown: str) -> None:
    assert person(identity) == shown


SMALL = Screen(width=80, height=24, terminal=True)


def large() -> DeploymentDetails:
    """Forty images that crash, each in its own way, in a service each."""
    names = [f"image-{number}" for number in range(40)]
    lines = tuple(f"line {number}" for number in range(30))
    services = tuple(
        outcome(name, ServiceStatus.FAILED, "because " * 100, (replace(CRASH, log_lines=(*lines, name)),))
        for name in names
    )
    attempt = deployment(DeploymentStatus.FAILED, services, tuple(change(name, "a", "b") for name in names))
    return DeploymentDetails(deployment=replace(attempt, reason="the tags stay " * 50), release=release())


def test_small_terminal_shows_verdict_reason_log_images_and_next_command_on_one_screen() -> None:
    text = Text.from_ansi(deployment_details_text(large(), SMALL)).plain

    lines = text.splitlines()
    assert len(lines) < 24
    assert lines[0].startswith("✗ Release 8f14e45f to prod failed")
    assert "exit code 3" in text
    assert "| image-0" in text
    assert "39 more services failed otherwise, such as image-1" in text
    assert "Images changed (40):" in text
    assert "\n  weco-deploy rollback --environment-id prod\n" in text
    assert lines[-1] == "(--verbose shows all)"


def test_smallest_terminal_has_the_names_of_changed_images_in_one_line() -> None:
    text = Text.from_ansi(deployment_details_text(large(), replace(SMALL, height=10))).plain

    assert "Images changed (40): image-0, image-1, image-2 and 37 more\n" in text


def test_small_terminal_shows_the_rollback_and_what_followed() -> None:
    back = deployment(services=(outcome("search", ServiceStatus.SUCCEEDED),))
    found = large()
    undone = replace(found.deployment, status=DeploymentStatus.ROLLED_BACK, rollback=back)
    followed = replace(found, deployment=undone, last=deployment(DeploymentStatus.SUCCEEDED))

    text = Text.from_ansi(deployment_details_text(followed, SMALL)).plain

    assert "Rollback:" in text
    assert "Since then, last: ✓ Release 8f14e45f to prod succeeded" in text
    assert "Next:" not in text


@pytest.mark.parametrize(
    ("screen", "everything"), [(Screen(), False), (SMALL, True), (replace(SMALL, height=None), False)]
)
def test_everything_is_shown_in_a_file_and_on_request(screen: Screen, everything: bool) -> None:
    text = Text.from_ansi(deployment_details_text(large(), screen, everything=everything)).plain

    assert "| image-39" in text
    assert "--verbose" not in text


def test_services_that_failed_alike_share_a_text_though_events_of_ecs_name_them() -> None:
    def failing(name: str) -> ServiceOutcome:
        event = Failure(kind="event", message=f"(service {name}) rolling back to deployment ecs-svc/1.")
        return replace(outcome(name, ServiceStatus.FAILED, "", (CRASH, event)), images=("search",))

    attempt = deployment(DeploymentStatus.FAILED, (failing("search-api"), failing("search-worker")))

    text = deployment_details_text(DeploymentDetails(deployment=attempt), Screen())

    assert "the same with 1 more service: search-worker" in text
    assert "(service search-api) rolling back to deployment ecs-svc/1." in text
