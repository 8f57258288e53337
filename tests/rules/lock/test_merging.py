"""Which version of an image worked where it was applied, whatever became of the deployment as a whole."""

from __future__ import annotations

import pytest

from tests.rules.deployed import FAILED, SUCCEEDED, TIMED_OUT, deployed
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import AppliedImage, EnvironmentRecord
from weco_deploy.rules.lock.merging import merged


def worked(deployment: Deployment, before: AppliedImage | None = None) -> dict[str, bool]:
    """By image, whether it worked, where the environment had that version of `web` before."""
    record = EnvironmentRecord(environment="stage", images={"web": before} if before else {})
    return {image_id: one.worked for image_id, one in merged(record, deployment).images.items()}


def test_of_a_deployment_that_succeeded_all_images_worked() -> None:
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
def test_of_another_one_those_worked_whose_service_is_fine(
    verdict: DeploymentStatus, status: ServiceStatus, stands: bool
) -> None:
    one = deployed({"web": ("a", "b")}, verdict, {"web": status, "api": ServiceStatus.FAILED})
    assert worked(one) == {"web": stands}


def test_an_image_worked_only_if_every_service_that_runs_it_is_fine() -> None:
    one = deployed(
        {"web": ("a", "b"), "api": ("c", "d")},
        FAILED,
        {"web": ServiceStatus.SUCCEEDED, "both": ServiceStatus.FAILED},
        running={"both": ("web", "api")},
    )
    assert worked(one) == {"web": False, "api": False}


def test_an_image_that_no_service_runs_worked_when_its_tag_had_moved() -> None:
    assert worked(deployed({"web": ("a", "b")}, FAILED, {"api": ServiceStatus.FAILED})) == {"web": True}


def test_a_version_that_worked_before_is_not_blamed_for_a_later_failure() -> None:
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
def test_other_versions_than_those_that_worked_do_not_speak_for_it(before: AppliedImage) -> None:
    fails = deployed({"web": ("a", "a")}, FAILED, {"web": ServiceStatus.FAILED})
    assert worked(fails, before) == {"web": False}


def test_an_image_that_a_second_look_finds_failed_did_not_work() -> None:
    own = AppliedImage(release_id="release", digest="b")
    fails = deployed({"web": ("a", "b")}, FAILED, {"web": ServiceStatus.FAILED})
    assert worked(fails, own) == {"web": False}


def test_a_success_later_makes_up_for_a_failure() -> None:
    works = deployed({"web": ("a", "a")}, SUCCEEDED, {"web": ServiceStatus.UNCHANGED})
    assert worked(works, AppliedImage(release_id="first", digest="a", worked=False)) == {"web": True}


def test_a_deployment_without_the_image_changes_nothing_about_it() -> None:
    partial = deployed({"api": ("c", "d")}, SUCCEEDED, {"api": ServiceStatus.SUCCEEDED})
    before = AppliedImage(release_id="first", digest="a", worked=False)
    assert worked(partial, before) == {"web": False, "api": True}


def test_a_tag_that_did_not_move_leaves_what_was_recorded() -> None:
    refused = deployed({"web": ("a", "b")}, FAILED, {"web": ServiceStatus.PENDING}, applied=False)
    assert worked(refused, AppliedImage(release_id="first", digest="a")) == {"web": True}
    assert worked(refused) == {}
