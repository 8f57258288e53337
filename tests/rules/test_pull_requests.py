"""Which pull requests a deployment brought to an environment, by what runs there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.report.samples import NOON, change, deployment, outcome
from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.github import DeploymentState, PullRequestMarks
from weco_deploy.rules.pull_requests import marks, state_of

PULL_REQUESTS = {"a": [1], "b": [2], "c": [1, 3]}


def between(added: Sequence[str] = (), lost: Sequence[str] = ()) -> CommitsBetween:
    def commits(names: Sequence[str]) -> tuple[Commit, ...]:
        return tuple(Commit(commit=name, parents=(), author="Ada", date=NOON, subject=name) for name in names)

    return CommitsBetween(added=commits(added), lost=commits(lost))


def deployed(
    search: ServiceStatus = ServiceStatus.SUCCEEDED,
    items: ServiceStatus = ServiceStatus.SUCCEEDED,
    status: DeploymentStatus | None = None,
    moved: bool = True,
) -> Deployment:
    good = {search, items} == {ServiceStatus.SUCCEEDED}
    return deployment(
        status or (DeploymentStatus.SUCCEEDED if good else DeploymentStatus.FAILED),
        services=(outcome("search", search), outcome("items", items)),
        images=(change("search", "a", "b", moved), change("items", "a", "b", moved)),
    )


def test_pull_requests_of_images_that_run_are_deployed() -> None:
    assert marks(deployed(), {"search": between("ab"), "items": between("c")}, PULL_REQUESTS) == (
        PullRequestMarks(deployed=(1, 2, 3))
    )


def test_pull_request_of_an_image_that_does_not_run_is_not_deployed() -> None:
    failed = deployed(items=ServiceStatus.FAILED)

    # 1 changed both images, 2 only the one that runs, 3 only the other one.
    assert marks(failed, {"search": between("ab"), "items": between("c")}, PULL_REQUESTS) == (
        PullRequestMarks(deployed=(2,))
    )


@pytest.mark.parametrize("status", [DeploymentStatus.ROLLED_BACK, DeploymentStatus.IN_PROGRESS])
def test_nothing_is_marked_while_it_is_in_progress_or_after_it_was_rolled_back(
    status: DeploymentStatus,
) -> None:
    assert marks(deployed(status=status), {"search": between("b", "a")}, PULL_REQUESTS) == PullRequestMarks()


def test_tag_that_did_not_move_brings_nothing() -> None:
    found = marks(deployed(moved=False), {"search": between("b")}, PULL_REQUESTS)

    assert found == PullRequestMarks()


def test_rollback_takes_pull_requests_away() -> None:
    assert marks(deployed(), {"search": between(lost="b")}, PULL_REQUESTS) == PullRequestMarks(removed=(2,))


def test_pull_request_that_one_image_gains_and_another_loses_is_taken_away() -> None:
    found = marks(deployed(), {"search": between("a"), "items": between(lost="c")}, PULL_REQUESTS)

    assert found == PullRequestMarks(removed=(1, 3))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (DeploymentStatus.IN_PROGRESS, DeploymentState.IN_PROGRESS),
        (DeploymentStatus.SUCCEEDED, DeploymentState.SUCCESS),
        (DeploymentStatus.FAILED, DeploymentState.FAILURE),
        (DeploymentStatus.ROLLED_BACK, DeploymentState.FAILURE),
        (DeploymentStatus.TIMED_OUT, DeploymentState.ERROR),
        (DeploymentStatus.INTERRUPTED, DeploymentState.ERROR),
    ],
)
def test_state_at_github_follows_the_status(status: DeploymentStatus, state: DeploymentState) -> None:
    assert state_of(deployed(status=status)) is state
