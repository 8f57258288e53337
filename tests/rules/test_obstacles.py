"""Services that ECS could not redeploy are refused while planning."""

from __future__ import annotations

import pytest

from tests.rules.plans import observing, planned, refusals
from tests.rules.states import NEW, OLD, active, primary, service, task, up, view
from weco_deploy.model.plan import Action
from weco_deploy.model.service import EcsDeployment, ServiceView

IN_PROGRESS = [active(f"ecs-svc/{number}", state="IN_PROGRESS") for number in range(4)]


def with_deployments(*others: EcsDeployment, state: str | None = "IN_PROGRESS") -> ServiceView:
    deployments = [primary("ecs-svc/9", state=state), *others]
    return view(service(running=1, deployments=deployments), [task("t1", of="ecs-svc/9", digest=OLD)])


def limited(desired: int, maximum: int | None, minimum: int | None) -> ServiceView:
    """search-api with so many tasks of the old digest, which may be redeployed within these percentages."""
    tasks = [task(f"t{number}", digest=OLD) for number in range(desired)]
    described = service(
        running=desired, deployments=[primary(completed=True)], maximum=maximum, minimum=minimum
    )
    return view(described, tasks)


def test_service_that_runs_nothing_can_be_redeployed_whatever_its_percentages() -> None:
    idle = view(
        service(desired=2, running=0, deployments=[primary(completed=True)], maximum=100, minimum=100), ()
    )
    (planned_service,) = planned(observing(idle)).services
    assert planned_service.action is Action.REDEPLOY


def test_service_with_five_open_deployments_is_refused() -> None:
    (reason,) = refusals(observing(with_deployments(*IN_PROGRESS)))
    assert reason.startswith(
        "search-api: catalogue/search-api has 5 deployments that are not complete, and ECS refuses another"
    )


@pytest.mark.parametrize(
    "fine",
    [
        with_deployments(*IN_PROGRESS[:3]),
        with_deployments(*IN_PROGRESS, state="COMPLETED"),
        with_deployments(*IN_PROGRESS[:3], active("ecs-svc/5", state=None)),
    ],
    ids=["four", "the newest is complete", "one without a rollout state"],
)
def test_service_with_fewer_open_deployments_is_redeployed(fine: ServiceView) -> None:
    assert planned(observing(fine)).redeploys


@pytest.mark.parametrize(
    ("desired", "maximum", "minimum"),
    [(1, 100, 100), (1, 100, 50), (1, 199, 100), (4, 100, 100), (3, 110, 90)],
)
def test_service_whose_percentages_allow_no_step_is_refused(desired: int, maximum: int, minimum: int) -> None:
    (reason,) = refusals(observing(limited(desired, maximum, minimum)))
    assert reason.startswith("search-api: catalogue/search-api can never be redeployed: ")
    assert f"maximumPercent {maximum} allows" in reason


@pytest.mark.parametrize(
    ("desired", "maximum", "minimum"),
    [(1, 200, 100), (1, 100, 0), (2, 100, 50), (4, 125, 100), (3, 134, 100), (1, None, 100), (1, 100, None)],
)
def test_service_whose_percentages_allow_a_step_is_redeployed(
    desired: int, maximum: int | None, minimum: int | None
) -> None:
    assert planned(observing(limited(desired, maximum, minimum))).redeploys


def test_service_that_runs_nothing_is_redeployed_whatever_its_percentages() -> None:
    assert planned(observing(limited(0, 100, 100))).redeploys


def test_obstacles_do_not_matter_to_a_service_that_is_left_alone_unless_it_is_forced() -> None:
    right = limited(1, 100, 100)
    right = view(right.service, [task("t1", digest=NEW)])
    (left,) = planned(observing(right)).services
    assert left.action is Action.LEAVE
    assert planned(observing(up(OLD)), force=True).redeploys
