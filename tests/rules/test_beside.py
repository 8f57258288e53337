"""What has to come back besides a partial release that an environment goes back to."""

from __future__ import annotations

from tests.rules.deployed import FAILED, TIMED_OUT, deployed
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.rules.beside import beside, found_before

API = deployed({"api": ("a1", "a2")})
"""The partial release that is gone back to, of `api` alone."""


def works(before: str | None, after: str) -> Deployment:
    return deployed({"web": (before, after)}, services={"web": ServiceStatus.SUCCEEDED})


def fails(before: str | None, after: str, status: DeploymentStatus = FAILED) -> Deployment:
    fared = ServiceStatus.FAILED if status is FAILED else ServiceStatus.IN_PROGRESS
    return deployed({"web": (before, after)}, status, {"web": fared})


def test_an_image_that_was_moved_since_gets_what_was_there_before() -> None:
    assert beside([works("w2", "w3"), works("w1", "w2")], [API]) == {"web": "w1"}


def test_what_did_not_work_gives_way_to_what_worked_last() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1"), works(None, "w0")]
    assert beside([fails("crash", "worse")], kept) == {"web": "w1"}


def test_several_in_a_row_that_did_not_work_are_passed_over() -> None:
    kept = [API, fails("crash", "slow", TIMED_OUT), fails("w1", "crash"), works("w0", "w1")]
    assert beside([fails("slow", "worse")], kept) == {"web": "w1"}


def test_what_is_left_is_not_gone_back_to_even_if_it_worked() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1")]
    assert beside([fails("w2", "worse"), works("crash", "w2")], kept) == {"web": "w1"}


def test_where_nothing_ever_worked_it_gets_what_was_there_before_the_first_of_those_that_did_not() -> None:
    kept = [API, fails("crash", "slow"), fails("w0", "crash")]
    assert beside([fails("slow", "worse")], kept) == {"web": "w0"}


def test_where_there_was_nothing_before_the_first_it_is_left_alone() -> None:
    assert beside([fails("crash", "worse")], [API, fails(None, "crash")]) == {}
    assert beside([works(None, "w1")], [API]) == {}


def test_a_version_that_worked_once_still_counts_after_it_failed_for_another_cause() -> None:
    kept = [API, fails("w1", "w1"), works("w0", "w1")]
    assert beside([works("w1", "w2")], kept) == {"web": "w1"}


def test_an_image_that_worked_in_a_deployment_that_failed_is_good_enough() -> None:
    half = deployed(
        {"web": ("w1", "w2"), "job": ("j1", "j2")},
        FAILED,
        {"web": ServiceStatus.SUCCEEDED, "job": ServiceStatus.FAILED},
    )
    first = deployed({"web": ("w0", "w1"), "job": ("j0", "j1")})
    left = deployed({"web": ("w2", "w3"), "job": ("j2", "j3")}, FAILED)
    assert beside([left], [API, half, first]) == {"web": "w2", "job": "j1"}


def test_what_somebody_else_put_there_meanwhile_comes_back() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1")]
    assert beside([fails("by hand", "worse")], kept) == {"web": "by hand"}


def test_what_was_never_applied_is_no_version_that_failed() -> None:
    refused = deployed({"web": ("w1", "w2")}, FAILED, {"web": ServiceStatus.PENDING}, applied=False)
    kept = [API, refused, fails("w0", "w1"), works(None, "w0")]
    assert beside([fails("w1", "w3")], kept) == {"web": "w0"}


def test_a_version_that_is_there_all_the_while_needs_nothing() -> None:
    assert beside([works("w1", "w1")], [API, works("w0", "w1")]) == {}


def test_one_that_did_not_work_gives_way_although_it_was_there_all_the_while() -> None:
    assert beside([fails("crash", "crash")], [API, fails("w1", "crash"), works("w0", "w1")]) == {"web": "w1"}


def test_an_image_that_none_of_those_that_are_left_had_is_left_alone() -> None:
    left = [deployed({"api": ("a2", "a3")})]
    assert beside(left, [API, fails("w1", "crash"), works("w0", "w1")]) == {"api": "a2"}


def test_before_the_first_of_several_each_tag_pointed_at_what_its_first_move_found() -> None:
    both = deployed({"web": ("w1", "w1"), "api": ("a2", "a3")})
    assert found_before([fails("w1", "w2"), both, works("w0", "w1")]) == {"web": "w0", "api": "a2"}
    assert found_before([fails(None, "w1")]) == {}
