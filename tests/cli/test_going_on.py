"""promote and rollback, and the gate of a label: from arguments to documents and exit codes, on the in-memory world."""

from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk, Ran
from tests.world.behaviour import crash, slow

PROMOTE = ("promote", "--from", "stage", "--to", "prod")
ROLLBACK = ("rollback", "--environment-id", "stage")
SOON = ("--confirmation-interval", "5")


def release_deploy(desk: Desk, *arguments: str) -> Ran:
    ran = desk.run("--confirm", "--output", "json", "release-deploy", *SOON, *arguments)
    desk.world.pass_time(60)
    return ran


def fail_on_stage(desk: Desk) -> None:
    """Fail a deployment to stage, so that its tag points at an image that does not run."""
    release_deploy(desk)
    desk.world.push("search", crash())
    assert release_deploy(desk).code == 1


def writes(desk: Desk) -> int:
    return sum(
        desk.world.count(name) for name in ("store.claim", "store.save", "registry.point", "store.lock")
    )


def test_plans_of_promote_and_rollback_are_called_so_and_say_what_is_there(desk: Desk) -> None:
    first = release_deploy(desk).json["deployment"]["release_id"]
    assert desk.run("--confirm", *PROMOTE).code == 0
    desk.world.push("search")
    second = release_deploy(desk).json["deployment"]["release_id"]

    promoted = desk.run("--dry-run", *PROMOTE).out
    back = desk.run("--dry-run", "rollback", "--environment-id", "stage").out

    assert promoted.startswith(
        f"Dry run: promote release {second[:8]} (2 commits by 1 person) of shop from stage to prod\n"
    )
    assert f"\n  prod now: release {first[:8]}, running since " in promoted
    assert back.startswith(
        f"Dry run: roll stage back to release {first[:8]} (without 2 commits by 1 person) of shop\n"
    )
    assert f"\n  stage now: release {second[:8]}, running since " in back


def test_promote_deploys_the_images_of_the_other_environment_and_not_later_ones(desk: Desk) -> None:
    tested = desk.world.push("search")
    release_id = release_deploy(desk).json["deployment"]["release_id"]
    desk.world.push("search")

    ran = desk.run("--confirm", "--output", "json", *PROMOTE)

    assert ran.code == 0
    deployment = ran.json["deployment"]
    assert (deployment["kind"], deployment["status"], deployment["environment"]) == (
        "promote",
        "succeeded",
        "prod",
    )
    assert deployment["release_id"] == release_id
    assert deployment["description"] == "Promoted from stage"
    assert desk.world.running("search-api", "prod") == {tested}


def test_promote_of_a_mixed_environment_makes_a_new_release(desk: Desk) -> None:
    release_deploy(desk)
    items = desk.world.push("items")
    desk.world.untag("search", "latest")
    assert release_deploy(desk, "--allow-partial").code == 0

    dry = desk.run("--dry-run", "--output", "json", *PROMOTE)
    ran = desk.run("--confirm", "--output", "json", *PROMOTE)

    assert (dry.code, dry.json["plan"]["release_id"]) == (0, None)
    assert (ran.code, set(ran.json["deployment"]["images"])) == (0, {"search", "items"})
    shown = desk.run("show-release", ran.json["deployment"]["release_id"])
    assert shown.json["from_label"] == "env.stage"
    assert desk.world.running("items-api", "prod") == {items}


def test_rollback_deploys_the_previous_release(desk: Desk) -> None:
    before = release_deploy(desk).json["deployment"]["release_id"]
    digest = desk.world.tag("search", "env.stage")
    desk.world.push("search")
    release_deploy(desk)

    ran = desk.run("--confirm", "--output", "json", *ROLLBACK)

    assert ran.code == 0
    deployment = ran.json["deployment"]
    assert (deployment["kind"], deployment["status"]) == ("rollback", "succeeded")
    assert (deployment["release_id"], deployment["description"]) == (before, "Rollback")
    assert desk.world.running("search-api", "stage") == {digest}


def test_rollback_of_a_mixed_environment_makes_a_new_release(desk: Desk) -> None:
    release_deploy(desk)
    items = desk.world.push("items")
    desk.world.untag("search", "latest")
    assert release_deploy(desk, "--allow-partial").code == 0
    search = desk.world.tag("search", "env.stage")
    desk.world.push("items")
    desk.world.push("search")
    release_deploy(desk)

    ran = desk.run("--confirm", "--output", "json", *ROLLBACK)

    assert ran.code == 0
    release_id = ran.json["deployment"]["release_id"]
    assert desk.run("show-release", release_id).json["digests"] == {"search": search, "items": items}
    assert desk.world.running("items-api", "stage") == {items}


def test_rollback_after_a_timed_out_rollback_tries_it_again_and_says_so(desk: Desk) -> None:
    desk.world.push("search", slow(300))
    first = release_deploy(desk).json["deployment"]["release_id"]
    desk.world.push("search")
    release_deploy(desk)
    late = desk.run("--confirm", *ROLLBACK, "--confirmation-wait-for", "60")
    assert (late.code, "go back to the last release that worked" in late.out) == (3, False)

    again = desk.run("--confirm", "--output", "json", *ROLLBACK)

    assert (again.code, again.json["deployment"]["release_id"]) == (0, first)
    assert f"going to its release again, {first}; another one can be named with --to-release" in again.err


@pytest.mark.parametrize("flag", ["--to-release", "--to"])
def test_rollback_goes_to_the_named_release(desk: Desk, flag: str) -> None:
    first = release_deploy(desk).json["deployment"]["release_id"]
    for _ in range(2):
        desk.world.push("search")
        release_deploy(desk)

    ran = desk.run("--confirm", "--output", "json", *ROLLBACK, flag, first[:8])

    assert (ran.code, ran.json["deployment"]["release_id"]) == (0, first)


@pytest.mark.parametrize("arguments", [PROMOTE, ROLLBACK])
def test_dry_run_shows_the_plan_and_changes_nothing(desk: Desk, arguments: tuple[str, ...]) -> None:
    release_deploy(desk)
    desk.world.push("search")
    release_deploy(desk)
    before = writes(desk)

    document, text = desk.run("-d", "--output", "json", *arguments), desk.run("-d", *arguments)

    assert (document.code, document.json["plan"]["changes"]) == (0, True)
    assert (text.code, text.out.startswith("Dry run: ")) == (0, True)
    assert writes(desk) == before


@pytest.mark.parametrize("arguments", [PROMOTE, ROLLBACK])
def test_promote_and_rollback_without_a_terminal_and_confirm_change_nothing(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    release_deploy(desk)
    desk.world.push("search")
    release_deploy(desk)
    before = writes(desk)

    ran = desk.run(*arguments)

    assert ran.code == 2
    assert "--confirm" in ran.err
    assert writes(desk) == before


@pytest.mark.parametrize("arguments", [PROMOTE, ROLLBACK])
def test_promote_and_rollback_of_an_environment_without_deployments_are_not_found(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    ran = desk.run("--confirm", "--output", "json", *arguments)

    assert (ran.code, ran.error["code"]) == (1, "not_found")


FROM_STAGE = [
    pytest.param(PROMOTE, id="promote"),
    pytest.param(("prepare", "--from-label", "env.stage"), id="prepare"),
    pytest.param(("update", "--image-ids", "search", "--from-label", "env.stage"), id="update"),
    pytest.param(
        ("release-deploy", "--from-label", "env.stage", "--environment-id", "prod"), id="release-deploy"
    ),
]


@pytest.mark.parametrize("arguments", FROM_STAGE)
def test_release_from_stage_is_refused_after_a_failure_there(desk: Desk, arguments: tuple[str, ...]) -> None:
    fail_on_stage(desk)
    before = writes(desk)

    ran = desk.run("--confirm", "--output", "json", *arguments)

    assert (ran.code, ran.error["code"]) == (1, "gate_closed")
    assert "--override-gate" in ran.error["hint"]
    assert writes(desk) == before


@pytest.mark.parametrize("arguments", FROM_STAGE)
def test_release_from_stage_is_refused_during_a_deployment_to_it(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    release_deploy(desk)
    desk.world.push("search")
    met: list[Ran] = []
    desk.world.before("store.note", lambda _: met.append(desk.run("--output", "json", *arguments)))

    assert desk.run("--confirm", "release-deploy").code == 0

    assert [(ran.code, ran.error["code"]) for ran in met] == [(1, "gate_closed")]
    assert "is being deployed to" in met[0].error["message"]


@pytest.mark.parametrize("arguments", FROM_STAGE)
def test_closed_gate_is_passed_for_a_reason_that_is_recorded(desk: Desk, arguments: tuple[str, ...]) -> None:
    fail_on_stage(desk)

    ran = desk.run(
        "--confirm", "--output", "json", *arguments, "--override-gate", "the site is down", *soon(arguments)
    )

    assert "error" not in ran.json
    if "deployment" in ran.json:
        assert ran.json["deployment"]["gate_override"] == "the site is down"
    else:
        assert ran.json["release"]["description"].endswith(" (gate passed by hand: the site is down)")


def soon(arguments: tuple[str, ...]) -> tuple[str, ...]:
    return () if arguments[0] in {"prepare", "update"} else SOON


def test_gate_does_not_apply_to_other_labels_than_environments(desk: Desk) -> None:
    fail_on_stage(desk)

    assert desk.run("prepare").code == 0
    assert desk.run("prepare", "--from-label", "env.prod").code == 0


def test_rollback_on_failure_restores_the_previous_release_and_says_so(desk: Desk) -> None:
    release_deploy(desk)
    good = desk.world.tag("search", "env.stage")
    desk.world.push("search", crash())

    ran = release_deploy(desk, "--rollback-on-failure")

    assert ran.code == 1
    deployment = ran.json["deployment"]
    assert (deployment["status"], deployment["rollback"]["status"]) == ("rolled_back", "succeeded")
    assert desk.world.tag("search", "env.stage") == good
    text = desk.run("--confirm", "release-deploy", "--rollback-on-failure", *SOON).out
    assert "failed and was rolled back" in text
    assert "\nRollback:\n" in text


def test_failed_deployment_suggests_how_to_watch_roll_back_and_retry(desk: Desk) -> None:
    release_deploy(desk)
    desk.world.push("search", crash())

    ran = desk.run("--confirm", "-i", "shop", "release-deploy", *SOON)

    for command in (
        "confirm-deploy --environment-id stage",
        "rollback --environment-id stage",
        "deploy --release-id",
    ):
        assert f"    weco-deploy --project-id shop {command}" in ran.out


def test_failure_is_shown_at_once_with_its_last_log_line_and_the_result_has_more_lines(desk: Desk) -> None:
    desk.world.push("search", crash())

    ran = desk.run("--confirm", "release-deploy", *SOON)

    assert "exit code" in ran.out
    assert "exit code" in ran.err
    assert "      | starting\n      | fatal: no\n" in ran.out
    assert "; log: fatal: no (after " in ran.err
    assert "| starting" not in ran.err


@pytest.mark.parametrize(
    "command", [("promote", "--from", "stage", "--to", "prod"), ("rollback", "--environment-id", "prod")]
)
def test_global_options_work_before_the_command(desk: Desk, command: tuple[str, ...]) -> None:
    release_deploy(desk)
    release_deploy(desk, "--environment-id", "prod")
    desk.world.push("search")
    release_deploy(desk)
    release_deploy(desk, "--environment-id", "prod")
    role = "arn:aws:iam::111122223333:role/mine"
    Path("elsewhere.yml").write_text(
        PROJECT_FILE.replace("name: Shop", "name: Shop\n  region_name: us-east-1")
    )

    ran = desk.run(
        *("-f", "elsewhere.yml", "-i", "shop", "--region-name", "eu-west-1", "--role-arn", role),
        *("-v", "-y", "-d", "--output", "json", *command),
    )

    assert (ran.code, set(ran.json)) == (0, {"plan"})
    asked = desk.connections[-1]
    assert (asked.project.role_arn, asked.project.region_name, asked.traced) == (role, "eu-west-1", True)


def test_rollback_with_a_lock_keeps_the_next_deployment_away(desk: Desk) -> None:
    for _ in range(2):
        desk.world.push("search")
        release_deploy(desk)

    went_back = desk.run(
        "--confirm", "rollback", "--environment-id", "stage", "--lock", "the index is broken", *SOON
    )
    refused = release_deploy(desk)

    assert went_back.code == 0
    assert "weco-deploy unlock --environment-id stage" in went_back.out
    assert refused.code == 4
    assert "the index is broken" in refused.error["message"]
