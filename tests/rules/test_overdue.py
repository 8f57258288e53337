"""Which commits wait too long to be promoted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tests.report.samples import NOON, change, deployment, outcome
from weco_deploy.model.commits import Commit, CommitsBetween
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.rules.overdue import commits_at, overdue, pairs

A, B, C = ("a" * 40, "b" * 40, "c" * 40)


def deployed(
    old: str, new: str, hours: float, status: ServiceStatus = ServiceStatus.SUCCEEDED, *, moved: bool = True
) -> Deployment:
    """A deployment of `search` that ended so many hours after noon."""
    good = status is ServiceStatus.SUCCEEDED
    made = deployment(
        DeploymentStatus.SUCCEEDED if good else DeploymentStatus.FAILED,
        services=(outcome("search", status),),
        images=(change("search", old, new, moved),),
    )
    return replace(made, date_finished=NOON + timedelta(hours=hours))


def between(base: str, *added: str) -> CommitsBetween:
    return CommitsBetween(
        added=tuple(
            Commit(commit=name, parents=(base,), author="Ada", date=NOON, subject=name) for name in added
        )
    )


def found(commits: Sequence[Commit]) -> list[str]:
    return [commit.commit for commit in commits]


def test_environment_had_the_last_commit_that_worked_by_then() -> None:
    history = (deployed("b", "c", 3), deployed("a", "b", 1), deployed("0", "a", -5))

    assert commits_at(history, NOON + timedelta(hours=2)) == {"search": B}
    assert commits_at(history, NOON + timedelta(hours=1)) == {"search": B}
    assert commits_at(history, NOON) == {"search": A}
    assert commits_at(history, NOON - timedelta(hours=9)) == {}


def test_deployment_that_failed_or_goes_on_brought_nothing() -> None:
    failed = deployed("b", "c", 1, ServiceStatus.FAILED)
    goes_on = replace(deployed("b", "c", 1), date_finished=None, status=DeploymentStatus.IN_PROGRESS)
    history = (goes_on, failed, deployed("a", "c", 1, moved=False), deployed("a", "b", 0))

    assert commits_at(history, NOON + timedelta(hours=2)) == {"search": B}


BETWEEN = {
    ("0", "1"): between("0", "1"),
    ("0", "2"): between("0", "2", "1"),
    ("0", "3"): between("0", "3", "2", "1"),
}


def test_commits_that_ran_then_and_run_still_are_overdue() -> None:
    commits = overdue(BETWEEN, {"search": "0"}, {"search": "3"}, {"search": "2"}, {})

    assert found(commits) == ["2", "1"]


def test_commits_that_were_overdue_at_the_last_look_are_left_out() -> None:
    commits = overdue(BETWEEN, {"search": "0"}, {"search": "3"}, {"search": "2"}, {"search": "1"})

    assert found(commits) == ["2"]


def test_commits_that_no_longer_run_are_not_overdue() -> None:
    commits = overdue(BETWEEN, {"search": "0"}, {"search": "1"}, {"search": "2"}, {})

    assert found(commits) == ["1"]


def test_commit_of_several_images_comes_once() -> None:
    target, now = {"search": "0", "items": "0"}, {"search": "2", "items": "2"}

    assert found(overdue(BETWEEN, target, now, now, {})) == ["2", "1"]


def test_image_that_the_target_lacks_or_whose_history_is_unknown_is_left_out() -> None:
    assert overdue(BETWEEN, {}, {"search": "3"}, {"search": "2"}, {}) == ()
    assert overdue({}, {"search": "0"}, {"search": "3"}, {"search": "2"}, {}) == ()


def test_pairs_compare_the_target_with_each_moment_of_the_source() -> None:
    wanted = pairs({"search": "0", "items": "0"}, {"search": "3"}, {"search": "2", "other": "1"})

    assert list(wanted) == [("0", "3"), ("0", "2")]
