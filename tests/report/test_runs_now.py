"""What runs after a deployment that did not succeed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.report.samples import change, deployment, digest, outcome
from weco_deploy.model.deployment import DeploymentStatus, ServiceStatus
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.report.runs_now import runs_now

OLD = {"search": digest("a")}


def tasks(new: int, old: int, digests: dict[str, str] | None = None) -> RunningTasks:
    return RunningTasks(desired=3, new=new, old=old, old_digests=OLD if digests is None else digests)


@pytest.mark.parametrize(
    ("status", "running", "text"),
    [
        (ServiceStatus.FAILED, tasks(0, 3), "aaaaaaa (as before), 3 of 3 tasks"),
        (ServiceStatus.FAILED, tasks(0, 2, {}), "2 of 3 tasks, none of them of this deployment"),
        (ServiceStatus.FAILED, tasks(0, 0), "nothing: none of 3 tasks is running"),
        (ServiceStatus.IN_PROGRESS, tasks(3, 0), "3 of 3 tasks, all of this deployment"),
        (
            ServiceStatus.IN_PROGRESS,
            tasks(1, 2),
            "a mix: 2 tasks run aaaaaaa as before, 1 is of this deployment",
        ),
        (
            ServiceStatus.IN_PROGRESS,
            tasks(2, 1, {}),
            "a mix: 1 task is of another deployment, 2 are of this deployment",
        ),
        (
            ServiceStatus.UNVERIFIED,
            tasks(2, 0),
            "2 of 3 tasks, image unknown",
        ),
    ],
)
def test_service_that_is_not_good_says_which_tasks_run(
    status: ServiceStatus, running: RunningTasks, text: str
) -> None:
    bad = replace(outcome("search", status), tasks=running)
    failed = deployment(DeploymentStatus.FAILED, (bad,), (change("search", "a", "b"),))
    assert runs_now(failed) == (f"search: {text}",)


def test_services_that_run_alike_share_a_line_and_good_ones_name_the_release() -> None:
    bad = tuple(
        replace(outcome(f"search-{number}", ServiceStatus.FAILED), images=("search",), tasks=tasks(0, 3))
        for number in range(7)
    )
    failed = deployment(
        DeploymentStatus.FAILED,
        (*bad, outcome("items", ServiceStatus.SUCCEEDED)),
        (change("search", "a", "b"),),
    )
    assert runs_now(failed) == (
        "search-0, search-1, search-2, search-3, search-4 and 2 more: aaaaaaa (as before), 3 of 3 tasks",
        f"items: release {failed.release_id[:8]}",
    )


def test_rollback_that_succeeded_says_which_release_runs_again() -> None:
    back = deployment(services=(outcome("search", ServiceStatus.SUCCEEDED),))
    undone = replace(
        deployment(DeploymentStatus.ROLLED_BACK, (outcome("search", ServiceStatus.FAILED),)), rollback=back
    )
    assert runs_now(undone) == (f"release {back.release_id[:8]} again, in 1 service",)


def test_success_has_nothing_to_add() -> None:
    good = replace(outcome("search", ServiceStatus.SUCCEEDED), tasks=tasks(3, 0))
    assert runs_now(deployment(services=(good,))) == ()


def test_record_of_an_earlier_version_tells_nothing() -> None:
    services = (outcome("search", ServiceStatus.FAILED), outcome("items", ServiceStatus.SUCCEEDED))
    assert runs_now(deployment(DeploymentStatus.FAILED, services)) == ()


def test_many_versions_from_before_share_a_line_without_their_names() -> None:
    names = [f"image-{number}" for number in range(4)]
    bad = tuple(
        replace(
            outcome(name, ServiceStatus.FAILED),
            images=(name,),
            tasks=tasks(0, 3, {name: digest(str(number))}),
        )
        for number, name in enumerate(names)
    )
    changes = tuple(change(name, str(number), "b") for number, name in enumerate(names))
    good = tuple(outcome(f"good-{number}", ServiceStatus.SUCCEEDED) for number in range(6))
    failed = deployment(DeploymentStatus.FAILED, (*bad, *good), changes)
    assert runs_now(failed) == (
        "image-0, image-1, image-2, image-3: what ran before, 12 of 12 tasks",
        f"the other 6 services: release {failed.release_id[:8]}",
    )
