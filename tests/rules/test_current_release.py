"""Which release an environment has now, and since when."""

from __future__ import annotations

from dataclasses import replace

from tests.report.samples import EARLIER_ID, RELEASE_ID, deployment, later
from weco_deploy.model.deployment import Deployment, DeploymentStatus
from weco_deploy.model.environment import AppliedImage, CurrentRelease, DeployedRelease, EnvironmentRecord
from weco_deploy.rules.current_release import current_release


def deployed(
    at: float, release_id: str = RELEASE_ID, status: DeploymentStatus = DeploymentStatus.SUCCEEDED
) -> Deployment:
    return replace(
        deployment(status=status, release_id=release_id),
        deployment_id=f"deployment-{at}",
        date_created=later(at),
        date_finished=later(at + 1),
    )


def found(*history: Deployment, **images: str) -> CurrentRelease | None:
    """What is current after these deployments, the newest first, with images of these releases."""
    applied = {image_id: AppliedImage(release_id=id_, digest="") for image_id, id_ in images.items()}
    record = EnvironmentRecord(
        environment="prod", current=DeployedRelease.of(history[0]), images=applied or {}
    )
    return current_release(record, history, {"search", "items"})


def test_environment_without_deployments_has_no_release() -> None:
    assert current_release(EnvironmentRecord(environment="prod"), (), set()) is None


def test_release_runs_since_its_deployment_ended() -> None:
    assert found(deployed(20), deployed(10, EARLIER_ID)) == CurrentRelease(
        release_id=RELEASE_ID, status=DeploymentStatus.SUCCEEDED, since=later(21)
    )


def test_release_that_was_deployed_again_runs_since_the_first_time() -> None:
    current = found(deployed(30), deployed(20), deployed(10, EARLIER_ID), deployed(0))
    assert current is not None
    assert current.since == later(21)


def test_release_that_failed_when_it_was_deployed_again_failed_then() -> None:
    current = found(deployed(30, status=DeploymentStatus.FAILED), deployed(20))
    assert current is not None
    assert (current.status, current.since) == (DeploymentStatus.FAILED, later(31))


def test_release_that_failed_before_runs_since_it_succeeded() -> None:
    current = found(deployed(30), deployed(20, status=DeploymentStatus.FAILED), deployed(10))
    assert current is not None
    assert current.since == later(31)


def test_deployment_that_is_not_listed_yet_has_no_time() -> None:
    record = EnvironmentRecord(environment="prod", current=DeployedRelease.of(deployed(20)))
    current = current_release(record, (deployed(10),), ())
    assert current is not None
    assert current.since is None


def test_other_releases_of_the_projects_images_are_counted() -> None:
    current = found(deployed(20), search=RELEASE_ID, items=EARLIER_ID, removed="a-third-one")
    assert current is not None
    assert current.other_releases == 1
