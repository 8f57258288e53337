"""How a step's failure decides the deployment's status and reason, and whether earlier steps are undone."""

from __future__ import annotations

import pytest

from weco_deploy.errors import (
    AccessDenied,
    DeployError,
    Interrupted,
    LeaseLost,
    NoCredentials,
    PlanRefused,
    Throttled,
    Unreachable,
)
from weco_deploy.model.deployment import DeploymentStatus, ServiceOutcome, ServiceStatus
from weco_deploy.model.service import ServiceKey
from weco_deploy.rules.step_failure import Ending, NotReplicated, Polled, Unsuccessful, ending

FAILED, INTERRUPTED, TIMED_OUT = (
    DeploymentStatus.FAILED,
    DeploymentStatus.INTERRUPTED,
    DeploymentStatus.TIMED_OUT,
)
DENIED = AccessDenied("dynamodb:UpdateItem", "denied")
ERRORS = [
    DENIED,
    NoCredentials("ecr:PutImage", "expired"),
    Throttled("ecr:PutImage", "busy"),
    Unreachable("ecs:UpdateService", "reset"),
    PlanRefused("immutable"),
    DeployError("broken"),
]
LOST = LeaseLost("not ours")
SIGNAL = Interrupted("interrupted by SIGTERM")
NOTHING_WRONG = "no look at the services told that anything is wrong with it"
NOT_RESTARTED = "no service was restarted"
GOES_ON = "ECS goes on with the services that are not done: `confirm-deploy` tells how that ends"


def services(*statuses: ServiceStatus) -> list[ServiceOutcome]:
    return [
        ServiceOutcome(
            service_id=f"s{number}",
            key=ServiceKey("arn:c", f"s{number}"),
            images=("a",),
            status=status,
            ecs_deployment_id=None if status is ServiceStatus.PENDING else f"ecs-svc/{number}",
        )
        for number, status in enumerate(statuses)
    ]


PENDING = services(ServiceStatus.PENDING, ServiceStatus.UNCHANGED)
MOVING = services(ServiceStatus.IN_PROGRESS, ServiceStatus.PENDING)


@pytest.mark.parametrize(
    ("error", "undo_on_failure", "redeployed", "status", "undo", "lease_lost"),
    [
        *((error, True, False, FAILED, True, False) for error in ERRORS),
        *((error, True, True, FAILED, False, False) for error in ERRORS),
        *((error, False, False, FAILED, False, False) for error in ERRORS),
        *((error, False, True, FAILED, False, False) for error in ERRORS),
        *(
            (LOST, undo, redeployed, FAILED, False, True)
            for undo in (True, False)
            for redeployed in (True, False)
        ),
        *(
            (SIGNAL, undo, redeployed, INTERRUPTED, False, False)
            for undo in (True, False)
            for redeployed in (True, False)
        ),
    ],
)
def test_an_error_decides_the_status_and_with_what_changed_whether_the_steps_are_undone(
    error: DeployError,
    undo_on_failure: bool,
    redeployed: bool,
    status: DeploymentStatus,
    undo: bool,
    lease_lost: bool,
) -> None:
    end = ending(error, PENDING, undo_on_failure=undo_on_failure, redeployed=redeployed)

    innocent = "" if error in (LOST, SIGNAL) else NOTHING_WRONG if redeployed else NOT_RESTARTED
    assert end == Ending(
        status=status, reason=error.message, undo=undo, lease_lost=lease_lost, innocent=innocent
    )


def test_error_after_a_service_failed_with_the_release_speaks_against_its_image() -> None:
    (failed,) = services(ServiceStatus.FAILED)
    end = ending(DENIED, [failed], undo_on_failure=False, redeployed=True)
    assert (end.status, end.innocent) == (FAILED, "")


def test_an_interruption_while_services_are_in_progress_says_that_ecs_goes_on() -> None:
    end = ending(SIGNAL, MOVING, undo_on_failure=True, redeployed=True)

    assert end == Ending(status=INTERRUPTED, reason=f"interrupted by SIGTERM; {GOES_ON}")


@pytest.mark.parametrize(
    ("statuses", "polled", "expected"),
    [
        pytest.param(
            [ServiceStatus.SUCCEEDED, ServiceStatus.FAILED], Polled(), Ending(status=FAILED), id="failed"
        ),
        pytest.param(
            [ServiceStatus.FAILED, ServiceStatus.IN_PROGRESS],
            Polled(last_error="no"),
            Ending(status=FAILED, reason="the last look at the services failed: no"),
            id="failed, and the rest is not known",
        ),
        pytest.param(
            [ServiceStatus.IN_PROGRESS],
            Polled(unfinished=True, blamed=True),
            Ending(status=TIMED_OUT, reason=f"still not done after 60 s; {GOES_ON}"),
            id="not done in time, with evidence against an image",
        ),
        pytest.param(
            [ServiceStatus.IN_PROGRESS],
            Polled(unfinished=True),
            Ending(
                status=TIMED_OUT,
                reason=f"still not done after 60 s; {GOES_ON}",
                innocent=NOTHING_WRONG,
            ),
            id="not done in time",
        ),
        pytest.param(
            [ServiceStatus.SUPERSEDED, ServiceStatus.IN_PROGRESS],
            Polled(unfinished=True, blamed=True),
            Ending(status=FAILED),
            id="superseded, and evidence against the image of another service",
        ),
        pytest.param(
            [ServiceStatus.IN_PROGRESS],
            Polled(last_error="no", unfinished=True, blamed=True),
            Ending(
                status=TIMED_OUT,
                reason=f"still not done after 60 s; the last look at the services failed: no; {GOES_ON}",
            ),
            id="not done when it was polled last",
        ),
        pytest.param(
            [ServiceStatus.IN_PROGRESS],
            Polled(last_error="no"),
            Ending(
                status=TIMED_OUT,
                reason=f"not seen to be done after 60 s; the last look at the services failed: no; {GOES_ON}",
                innocent=NOTHING_WRONG,
            ),
            id="nothing known",
        ),
        pytest.param(
            [ServiceStatus.SUCCEEDED, ServiceStatus.SUPERSEDED],
            Polled(),
            Ending(
                status=FAILED,
                innocent="later deployments took services over, which says nothing against its images",
            ),
            id="superseded",
        ),
        pytest.param(
            [ServiceStatus.SUCCEEDED, ServiceStatus.UNVERIFIED],
            Polled(),
            Ending(
                status=TIMED_OUT,
                reason="nothing tells what s1 runs, after 60 s",
                innocent=NOTHING_WRONG,
            ),
            id="unverified",
        ),
    ],
)
def test_a_watch_without_success_ends_as_its_services_did_and_undoes_nothing(
    statuses: list[ServiceStatus], polled: Polled, expected: Ending
) -> None:
    failure = Unsuccessful(waited=60.0, polled=polled)

    for redeployed in (True, False):
        end = ending(failure, services(*statuses), undo_on_failure=False, redeployed=redeployed)
        assert end == expected


@pytest.mark.parametrize(
    ("undo_on_failure", "redeployed", "undo"),
    [(True, False, True), (True, True, False), (False, False, False)],
)
def test_release_that_was_not_replicated_in_time_times_out_and_speaks_against_no_image(
    undo_on_failure: bool, redeployed: bool, undo: bool
) -> None:
    failure = NotReplicated(reason="the replica lags")
    assert ending(failure, PENDING, undo_on_failure=undo_on_failure, redeployed=redeployed) == Ending(
        status=TIMED_OUT, reason="the replica lags", undo=undo, innocent=NOT_RESTARTED
    )
