"""Whether an image's version worked, regardless of the deployment as a whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.deployed import FAILED, SUCCEEDED, TIMED_OUT, deployed
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import AppliedImage, EnvironmentRecord
from weco_deploy.model.left_out import Allowance, LeftOut
from weco_deploy.rules.lock.merging import merged


def worked(deployment: Deployment, before: AppliedImage | None = None) -> dict[str, bool]:
    """Whether each image worked, by image id, in an environment that had `before` as the version of `web`."""
    record = EnvironmentRecord(environment="stage", images={"web": before} if before else {})
    return {image_id: one.worked for image_id, one in merged(record, deployment).images.items()}


def ran(deployment: Deployment, before: AppliedImage | None = None) -> tuple[bool, bool]:
    """Whether `web` ran, in an environment that had `before` of it, and whether the deployment is the last good one."""
    record = merged(
        EnvironmentRecord(environment="stage", images={"web": before} if before else {}), deployment
    )
    return record.images["web"].ran, record.good is not None


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ({"web": ServiceStatus.SUCCEEDED}, True),
        ({"web": ServiceStatus.UNCHANGED}, True),
        ({"web": ServiceStatus.NOTHING_RUNNING}, False),
        ({"web": ServiceStatus.NOTHING_RUNNING, "admin": ServiceStatus.SUCCEEDED}, True),
        ({}, True),
    ],
)
def test_image_ran_if_a_service_was_seen_running_it_or_no_service_runs_it(
    services: dict[str, ServiceStatus], expected: bool
) -> None:
    running = dict.fromkeys(services, ("web",))
    one = deployed({"web": ("a", "b")}, services=services, running=running)
    assert ran(one) == (expected, expected)


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        (Allowance.OPTIONAL, True),
        (Allowance.ALLOW_MISSING, False),
        (Allowance.ROLLBACK, False),
        (Allowance.UNUSED, False),
    ],
)
def test_image_whose_service_was_left_out_ran_only_if_the_project_file_allows_that(
    why: Allowance, expected: bool
) -> None:
    left = LeftOut(id="web", images=("web",), why=why, reason="")
    assert ran(replace(deployed({"web": ("a", "b")}), left_out=(left,))) == (expected, expected)


def test_image_that_ran_there_before_still_has_when_nothing_runs_now() -> None:
    idle = deployed({"web": ("b", "b")}, services={"web": ServiceStatus.NOTHING_RUNNING})
    assert ran(idle, AppliedImage(release_id="first", digest="b")) == (True, True)
    assert ran(idle, AppliedImage(release_id="first", digest="b", ran=False)) == (False, False)
    assert ran(idle, AppliedImage(release_id="first", digest="a")) == (False, False)


def test_all_images_of_a_successful_deployment_worked() -> None:
    assert worked(deployed({"web": ("a", "b"), "api": ("c", "c")})) == {"web": True, "api": True}


@pytest.mark.parametrize(
    ("status", "stands"),
    [
        (ServiceStatus.SUCCEEDED, True),
        (ServiceStatus.UNCHANGED, True),
        (ServiceStatus.NOTHING_RUNNING, True),
        (ServiceStatus.PENDING, False),
        (ServiceStatus.IN_PROGRESS, False),
        (ServiceStatus.FAILED, False),
        (ServiceStatus.SUPERSEDED, False),
    ],
)
@pytest.mark.parametrize("verdict", [FAILED, TIMED_OUT, DeploymentStatus.INTERRUPTED])
def test_image_of_an_unsuccessful_deployment_worked_if_its_service_succeeded(
    verdict: DeploymentStatus, status: ServiceStatus, stands: bool
) -> None:
    one = deployed({"web": ("a", "b")}, verdict, {"web": status, "api": ServiceStatus.FAILED})
    assert worked(one) == {"web": stands}


def test_image_of_an_unsuccessful_deployment_worked_only_if_all_its_services_succeeded() -> None:
    one = deployed(
        {"web": ("a", "b"), "api": ("c", "d")},
        FAILED,
        {"web": ServiceStatus.SUCCEEDED, "both": ServiceStatus.FAILED},
        running={"both": ("web", "api")},
    )
    assert worked(one) == {"web": False, "api": False}


def test_image_without_services_worked_if_its_tag_moved() -> None:
    assert worked(deployed({"web": ("a", "b")}, FAILED, {"api": ServiceStatus.FAILED})) == {"web": True}


def test_image_version_that_worked_before_is_not_blamed_for_a_later_failure() -> None:
    fails = deployed({"web": ("a", "a")}, FAILED, {"web": ServiceStatus.FAILED})
    assert worked(fails, AppliedImage(release_id="first", digest="a")) == {"web": True}


@pytest.mark.parametrize(
    "before",
    [
        AppliedImage(release_id="first", digest="a", worked=False),
        AppliedImage(release_id="first", digest="another"),
    ],
    ids=["did not work before either", "another one worked before"],
)
def test_image_version_is_not_vouched_for_by_other_versions(before: AppliedImage) -> None:
    fails = deployed({"web": ("a", "a")}, FAILED, {"web": ServiceStatus.FAILED})
    assert worked(fails, before) == {"web": False}


def test_image_that_a_reassessment_finds_failed_did_not_work() -> None:
    own = AppliedImage(release_id="release", digest="b")
    fails = deployed({"web": ("a", "b")}, FAILED, {"web": ServiceStatus.FAILED})
    assert worked(fails, own) == {"web": False}


def test_image_works_after_a_later_success() -> None:
    works = deployed({"web": ("a", "a")}, SUCCEEDED, {"web": ServiceStatus.UNCHANGED})
    assert worked(works, AppliedImage(release_id="first", digest="a", worked=False)) == {"web": True}


def test_image_entry_stays_if_a_deployment_lacks_the_image() -> None:
    partial = deployed({"api": ("c", "d")}, SUCCEEDED, {"api": ServiceStatus.SUCCEEDED})
    before = AppliedImage(release_id="first", digest="a", worked=False)
    assert worked(partial, before) == {"web": False, "api": True}


def test_image_entry_stays_if_the_tag_did_not_move() -> None:
    refused = deployed({"web": ("a", "b")}, FAILED, {"web": ServiceStatus.PENDING}, applied=False)
    assert worked(refused, AppliedImage(release_id="first", digest="a")) == {"web": True}
    assert worked(refused) == {}
