"""Which images a plan warns of, because they failed in the environment or were rolled back from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.rules.deployed import FAILED, NOON, SUCCEEDED, deployed
from weco_deploy.model.deployment import Deployment, DeploymentStatus, Failure, ServiceStatus
from weco_deploy.model.kind import Kind
from weco_deploy.rules.known_bad import incident, warnings_of_known_bad

BAD = ServiceStatus.FAILED
GOOD = ServiceStatus.SUCCEEDED


def redeployed(deployment: Deployment) -> Deployment:
    """The deployment, whose services all got an ECS deployment."""
    services = tuple(replace(service, ecs_deployment_id="ecs-svc/1") for service in deployment.services)
    return replace(deployment, services=services)


def failed(digest: str = "bad", before: str = "good") -> Deployment:
    return redeployed(
        deployed({"web": (before, digest)}, FAILED, {"web": BAD}, deployment_id="0123456789 failed")
    )


def rolled_back(before: str = "bad", after: str = "good") -> Deployment:
    return replace(deployed({"web": (before, after)}, deployment_id="back"), kind=Kind.ROLLBACK)


def said(*history: Deployment) -> str | None:
    """What happened to the digest `bad` of `web` in these deployments, oldest first."""
    known = incident("web", "bad", tuple(reversed(history)))
    return None if known is None else str(known)


def test_warning_names_the_image_the_date_and_the_deployment_in_which_it_failed() -> None:
    late = replace(failed(), date_created=NOON + timedelta(hours=3))

    assert warnings_of_known_bad({"web": "bad", "api": "bad"}, [late]) == [
        "web: this image failed here on 2026-03-04 15:00Z (deployment 01234567)"
    ]


def test_image_that_failed_is_known_bad_until_it_worked() -> None:
    works = deployed({"web": ("good", "bad")}, SUCCEEDED, {"web": GOOD})

    assert said(failed(), deployed({"web": ("bad", "other")})) == str(incident("web", "bad", [failed()]))
    assert said(failed(), works) is None
    assert said(works, failed()) is not None


def test_image_that_a_person_rolled_back_from_is_known_bad_until_it_is_deployed_again() -> None:
    works = deployed({"web": ("good", "bad")}, SUCCEEDED, {"web": GOOD})

    assert said(works, rolled_back()) == "was rolled back from here on 2026-03-04 12:00Z (deployment back)"
    assert said(works, rolled_back(), works) is None


def test_failure_tells_more_than_the_rollback_that_followed() -> None:
    undone = replace(failed(), status=DeploymentStatus.ROLLED_BACK)

    known = incident("web", "bad", [rolled_back(), undone])

    assert known is not None
    assert known.failed


def test_image_that_was_rolled_back_together_with_a_failed_one_is_not_said_to_have_failed() -> None:
    both = redeployed(
        deployed(
            {"web": ("good", "bad"), "api": ("a", "b")},
            DeploymentStatus.ROLLED_BACK,
            {"web": GOOD, "api": BAD},
        )
    )

    assert said(both) == "was rolled back from here on 2026-03-04 12:00Z (deployment deployme)"


def test_image_is_not_blamed_for_a_service_that_was_never_redeployed() -> None:
    assert said(deployed({"web": ("good", "bad")}, FAILED, {"web": BAD})) is None


def test_image_whose_tag_did_not_move_is_not_blamed_for_the_other_image_of_its_service() -> None:
    both = redeployed(
        deployed(
            {"web": ("bad", "bad"), "api": ("a", "b")},
            FAILED,
            {"both": BAD},
            running={"both": ["web", "api"]},
        )
    )
    assert said(both) is None


def test_good_image_that_a_rollback_restored_is_not_known_bad() -> None:
    assert incident("web", "good", [rolled_back(), failed()]) is None


NO_ROOM = Failure(
    kind="event",
    message="(service web) was unable to place a task because no container instance met all of its requirements.",
)


def full(failures: tuple[Failure, ...] = (NO_ROOM,)) -> Deployment:
    """A deployment that ECS's circuit breaker failed, with these failures."""
    deployment = failed()
    return replace(
        deployment, services=tuple(replace(service, failures=failures) for service in deployment.services)
    )


def test_full_cluster_makes_no_image_known_bad_nor_does_the_rollback_that_followed() -> None:
    undone = replace(full(), status=DeploymentStatus.ROLLED_BACK)
    assert said(full()) is None
    assert said(undone, rolled_back()) is None


def test_image_whose_tasks_failed_in_a_full_cluster_is_known_bad() -> None:
    died = Failure(kind="task", message="Essential container in task exited", exit_code=1)
    assert said(full((died, NO_ROOM))) is not None


def test_rollback_by_a_person_after_a_full_cluster_is_said() -> None:
    assert said(full(), rolled_back()) is not None
