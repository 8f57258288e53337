"""lock and unlock, from arguments to documents and exit codes, on the in-memory world."""

import pytest

from tests.cli.desk import PERSON, Desk, Ran

ON_PROD = ("--environment-id", "prod")
DEPLOY_TO_PROD = ("--confirm", "--output", "json", "release-deploy", *ON_PROD)


def lock(desk: Desk, *arguments: str) -> Ran:
    return desk.run("--output", "json", "lock", *ON_PROD, "--reason", "an audit", *arguments)


def test_lock_blocks_deployments_until_it_is_released(desk: Desk) -> None:
    locked = lock(desk)

    assert locked.code == 0
    assert set(locked.json) == {"lock"}
    document = locked.json["lock"]
    assert (document["environment"], document["reason"], document["holds"]) == ("prod", "an audit", "now")
    assert (document["after"], document["dry_run"]) == (None, False)

    refused = desk.run(*DEPLOY_TO_PROD)
    assert (refused.code, refused.error["code"]) == (4, "environment_locked")
    assert "an audit" in refused.error["message"]
    assert "unlock --environment-id prod" in refused.error["hint"]
    assert desk.run("--confirm", "release-deploy").code == 0  # stage is free

    released = desk.run("--output", "json", "unlock", *ON_PROD)
    assert (released.code, set(released.json)) == (0, {"unlocked"})
    assert released.json["unlocked"]["holder"] == document["holder"] == PERSON
    assert desk.run(*DEPLOY_TO_PROD).code == 0


def test_lock_taken_during_a_deployment_holds_from_its_end(desk: Desk) -> None:
    desk.world.push("search")
    asked: list[Ran] = []
    desk.world.before("store.note", lambda _: asked.append(lock(desk)))

    deployed = desk.run(*DEPLOY_TO_PROD)

    assert (deployed.code, asked[0].code) == (0, 0)
    document = asked[0].json["lock"]
    assert document["holds"] == "after"
    assert document["after"]["deployment_id"]
    assert desk.run(*DEPLOY_TO_PROD).code == 4


def test_lock_of_an_environment_that_is_locked_by_hand_is_refused(desk: Desk) -> None:
    lock(desk)

    ran = lock(desk)

    assert (ran.code, ran.error["code"]) == (4, "environment_locked")


def test_lock_needs_no_reason(desk: Desk) -> None:
    ran = desk.run("lock", *ON_PROD)

    assert ran.code == 0
    assert "prod is locked: no reason given" in ran.out


@pytest.mark.parametrize("arguments", [("lock",), ("unlock",), ("unlock", "--force"), ("rollback",)])
def test_lock_and_unlock_have_no_default_environment(desk: Desk, arguments: tuple[str, ...]) -> None:
    ran = desk.run("--confirm", *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert "--environment-id" in ran.err
    assert "stage, prod" in ran.err
    assert desk.connections == []


def test_unlock_of_an_unlocked_environment_is_not_found(desk: Desk) -> None:
    ran = desk.run("--output", "json", "unlock", *ON_PROD)

    assert (ran.code, ran.error["code"]) == (1, "not_found")


def test_unlock_of_somebody_elses_lock_needs_force(desk: Desk) -> None:
    desk.world.somebody_locks("prod", holder="ada")

    ran = desk.run("--confirm", "--output", "json", "unlock", *ON_PROD)

    assert (ran.code, ran.error["code"]) == (4, "environment_locked")
    assert "ada" in ran.error["message"]
    assert "--force" in ran.error["hint"]
    assert desk.world.count("store.unlock") == 0


def test_unlock_of_a_deployments_lock_needs_force_even_for_its_owner(desk: Desk) -> None:
    desk.world.somebody_locks("prod", 120, holder=PERSON)

    ran = desk.run("--confirm", "--output", "json", "unlock", *ON_PROD)

    assert ran.code == 4
    assert "stops the deployment" in ran.error["hint"]


def test_unlock_with_force_is_refused_without_a_terminal_and_confirm(desk: Desk) -> None:
    desk.world.somebody_locks("prod", holder="ada")

    ran = desk.run("unlock", *ON_PROD, "--force")

    assert ran.code == 2
    assert "--confirm" in ran.err
    assert desk.world.count("store.unlock") == 0


@pytest.mark.parametrize("lease", [None, 120], ids=["by hand", "for a deployment"])
def test_unlock_with_force_and_confirm_releases_somebody_elses_lock(desk: Desk, lease: int | None) -> None:
    lock = desk.world.somebody_locks("prod", lease, holder="ada", reason="an audit")

    ran = desk.run("--confirm", "--output", "json", "unlock", *ON_PROD, "--force")

    assert ran.code == 0
    released = ran.json["unlocked"]
    assert (released["holder"], released["reason"]) == ("ada", "an audit")
    assert released["deployment_id"] == lock.deployment_id
    assert desk.run(*DEPLOY_TO_PROD).code == 0


def test_dry_run_of_lock_locks_nothing(desk: Desk) -> None:
    ran = desk.run("--dry-run", "--output", "json", "lock", *ON_PROD)

    assert (ran.code, ran.json["lock"]["holds"], ran.json["lock"]["dry_run"]) == (0, "now", True)
    assert desk.world.count("store.lock") == 0
    text = desk.run("--dry-run", "lock", *ON_PROD)
    assert "nothing is changed" in text.err
    assert desk.run(*DEPLOY_TO_PROD).code == 0


def test_dry_run_of_lock_says_whether_the_environment_is_locked_or_the_lock_would_wait(desk: Desk) -> None:
    desk.world.somebody_locks("prod", 120, holder="ada")
    desk.world.somebody_locks("stage", holder="ada")

    waits = desk.run("--dry-run", "--output", "json", "lock", *ON_PROD)
    refused = desk.run("--dry-run", "lock", "--environment-id", "stage")

    assert (waits.json["lock"]["holds"], waits.json["lock"]["after"]["holder"]) == ("after", "ada")
    assert refused.code == 4


def test_dry_run_of_unlock_releases_nothing_and_asks_nothing(desk: Desk) -> None:
    desk.world.somebody_locks("prod", holder="ada")

    ran = desk.run("--dry-run", "--output", "json", "unlock", *ON_PROD, "--force")

    assert (ran.code, ran.json["unlocked"]["dry_run"]) == (0, True)
    assert desk.world.count("store.unlock") == 0
    assert desk.run(*DEPLOY_TO_PROD).code == 4
