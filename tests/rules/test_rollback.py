"""Where a rollback goes: to which release, and to which digests of the images that this release lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.rules.deployed import FAILED, NOON, TIMED_OUT, deployed
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.environment import DeployedRelease, EnvironmentRecord
from weco_deploy.model.kind import Kind
from weco_deploy.rules.rollback import (
    digests_before,
    is_unfinished_rollback,
    leaves_nothing_to_search,
    restored_digests,
    rollback_target,
)

# To which release


def history(*words: str) -> tuple[Deployment, ...]:
    """Deployments, newest first, of words like `A`, `A!` (failed) and `back to A`, oldest first."""
    deployments = []
    for number, word in enumerate(words):
        release = word.removeprefix("back to ").removesuffix("!")
        made = deployed(
            {"api": (None, release)}, FAILED if word.endswith("!") else DeploymentStatus.SUCCEEDED
        )
        kind = Kind.ROLLBACK if word.startswith("back to ") else Kind.DEPLOY
        date_created = NOON + timedelta(minutes=number)
        deployments.append(
            replace(made, deployment_id=word, release_id=release, kind=kind, date_created=date_created)
        )
    return tuple(reversed(deployments))


def target(*words: str) -> str | None:
    deployments = history(*words)
    good = [deployment for deployment in deployments if deployment.status is DeploymentStatus.SUCCEEDED]
    record = EnvironmentRecord(
        environment="stage",
        current=DeployedRelease.of(deployments[0]) if deployments else None,
        good=DeployedRelease.of(good[0]) if good else None,
    )
    found = rollback_target(record, deployments)
    return found.release_id if found else None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", None),
        ("A", None),
        ("A!", None),
        ("A, B, C", "B"),
        ("A, B, C!", "B"),
        ("A, B!, C", "A"),
        ("A, B, B", "A"),
        ("A, B, C, back to B", "A"),
        ("A, B, C, back to B!", "C"),
        ("A, B, C, back to B, back to A", None),
        ("A, B, C, back to B, D", "C"),
        ("A, B, A, B, back to A", "B"),
        ("A, B, C, back to X", "B"),
        ("C, A, B, A, back to B, back to A", "C"),
        ("A, B, C, D, E, back to D, back to C, back to B", "A"),
    ],
)
def test_rollback_target_after_these_deployments(words: str, expected: str | None) -> None:
    assert target(*filter(None, words.split(", "))) == expected


def test_rollback_target_of_5x_history_without_a_good_deployment_is_the_newest_presumed_good() -> None:
    failed, unverified = history("A", "B!")
    old = replace(unverified, status=DeploymentStatus.UNVERIFIED)
    record = EnvironmentRecord(environment="stage", current=DeployedRelease.of(failed))
    assert rollback_target(record, (failed, old)) == DeployedRelease.of(old)


@pytest.mark.parametrize(
    ("kind", "status", "unfinished"),
    [
        (Kind.ROLLBACK, FAILED, True),
        (Kind.ROLLBACK, TIMED_OUT, True),
        (Kind.ROLLBACK, DeploymentStatus.SUCCEEDED, False),
        (Kind.DEPLOY, FAILED, False),
    ],
)
def test_unfinished_rollback_is_a_rollback_that_did_not_succeed(
    kind: Kind, status: DeploymentStatus, unfinished: bool
) -> None:
    assert is_unfinished_rollback(replace(deployed({}, status), kind=kind)) is unfinished


def works(before: str | None, after: str) -> Deployment:
    return deployed({"web": (before, after)}, services={"web": ServiceStatus.SUCCEEDED})


def fails(before: str | None, after: str, status: DeploymentStatus = FAILED) -> Deployment:
    fared = ServiceStatus.FAILED if status is FAILED else ServiceStatus.IN_PROGRESS
    return deployed({"web": (before, after)}, status, {"web": fared})


RAN = replace(works("w0", "w1"), deployment_id="ran")
LATER = replace(works("w1", "w2"), deployment_id="later", date_created=NOON + timedelta(minutes=1))
WIDER = replace(deployed({"api": ("a1", "a2")}), deployment_id="wider", date_created=LATER.date_created)
NEVER_RAN = replace(RAN, services=fails("w0", "w1").services)
BY_5X = replace(RAN, images={}, services=())


@pytest.mark.parametrize(
    ("target", "deployments", "nothing_left"),
    [
        (RAN, [LATER, RAN], True),
        (RAN, [WIDER, RAN], False),
        (RAN, [LATER], False),
        (NEVER_RAN, [LATER, NEVER_RAN], False),
        (BY_5X, [LATER, BY_5X], False),
        (None, [LATER, RAN], False),
    ],
)
def test_search_ends_at_a_target_that_ran_and_has_all_images_of_later_deployments(
    target: Deployment | None, deployments: list[Deployment], nothing_left: bool
) -> None:
    found = DeployedRelease.of(target) if target else None

    assert leaves_nothing_to_search(found, deployments) is nothing_left


# To which digests of other images

API = deployed({"api": ("a1", "a2")})
"""The partial release, of `api` alone, that is rolled back to."""


def test_restored_digest_is_the_one_before_the_undone_deployments() -> None:
    assert restored_digests([works("w2", "w3"), works("w1", "w2")], [API]) == {"web": "w1"}


def test_restored_digest_is_the_newest_that_worked_if_the_one_before_did_not() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1"), works(None, "w0")]
    assert restored_digests([fails("crash", "worse")], kept) == {"web": "w1"}


def test_restored_digest_skips_several_that_did_not_work() -> None:
    kept = [API, fails("crash", "slow", TIMED_OUT), fails("w1", "crash"), works("w0", "w1")]
    assert restored_digests([fails("slow", "worse")], kept) == {"web": "w1"}


def test_restored_digest_is_not_that_of_an_undone_deployment_even_if_it_worked() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1")]
    assert restored_digests([fails("w2", "worse"), works("crash", "w2")], kept) == {"web": "w1"}


def test_restored_digest_is_the_one_before_the_first_failure_if_none_ever_worked() -> None:
    kept = [API, fails("crash", "slow"), fails("w0", "crash")]
    assert restored_digests([fails("slow", "worse")], kept) == {"web": "w0"}


def test_restored_digests_leave_out_an_image_whose_tag_did_not_exist_before() -> None:
    assert restored_digests([fails("crash", "worse")], [API, fails(None, "crash")]) == {}
    assert restored_digests([works(None, "w1")], [API]) == {}


def test_restored_digest_that_worked_once_counts_although_it_failed_later() -> None:
    kept = [API, fails("w1", "w1"), works("w0", "w1")]
    assert restored_digests([works("w1", "w2")], kept) == {"web": "w1"}


def test_restored_digest_may_come_from_a_failed_deployment_in_which_its_image_worked() -> None:
    half = deployed(
        {"web": ("w1", "w2"), "job": ("j1", "j2")},
        FAILED,
        {"web": ServiceStatus.SUCCEEDED, "job": ServiceStatus.FAILED},
    )
    first = deployed({"web": ("w0", "w1"), "job": ("j0", "j1")})
    undone = deployed({"web": ("w2", "w3"), "job": ("j2", "j3")}, FAILED)
    assert restored_digests([undone], [API, half, first]) == {"web": "w2", "job": "j1"}


def test_restored_digest_may_be_one_that_was_tagged_by_hand() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1")]
    assert restored_digests([fails("by hand", "worse")], kept) == {"web": "by hand"}


def test_restored_digest_ignores_a_failed_deployment_that_did_not_apply_the_image() -> None:
    refused = deployed({"web": ("w1", "w2")}, FAILED, {"web": ServiceStatus.PENDING}, applied=False)
    kept = [API, refused, fails("w0", "w1"), works(None, "w0")]
    assert restored_digests([fails("w1", "w3")], kept) == {"web": "w0"}


def test_restored_digests_leave_out_an_image_whose_tag_never_moved() -> None:
    assert restored_digests([works("w1", "w1")], [API, works("w0", "w1")]) == {}


def test_restored_digest_replaces_one_that_never_worked_although_its_tag_did_not_move() -> None:
    kept = [API, fails("w1", "crash"), works("w0", "w1")]
    assert restored_digests([fails("crash", "crash")], kept) == {"web": "w1"}


def test_restored_digests_leave_out_an_image_that_no_undone_deployment_had() -> None:
    undone = [deployed({"api": ("a2", "a3")})]
    assert restored_digests(undone, [API, fails("w1", "crash"), works("w0", "w1")]) == {"api": "a2"}


def test_digests_before_several_deployments_are_those_that_the_first_move_found() -> None:
    both = deployed({"web": ("w1", "w1"), "api": ("a2", "a3")})
    assert digests_before([fails("w1", "w2"), both, works("w0", "w1")]) == {"web": "w0", "api": "a2"}
    assert digests_before([fails(None, "w1")]) == {}
