"""The commands that deploy, from arguments to documents and exit codes, on the in-memory world."""

from collections.abc import Callable

import pytest

from tests.cli.desk import Desk
from tests.world.behaviour import crash, slow
from weco_deploy import errors

SOON = ("--confirmation-interval", "5")


def no_push(_: Desk) -> None:
    """Push nothing: the latest images already run."""


def pushed(desk: Desk) -> None:
    desk.world.push("search")


def release_ids(desk: Desk) -> list[str]:
    return [
        release["release_id"] for release in desk.run("--output", "json", "show-releases").json["releases"]
    ]


def test_release_deploy_deploys_the_latest_images_to_stage(desk: Desk) -> None:
    digest = desk.world.push("search")

    ran = desk.run("--confirm", "--output", "json", "release-deploy", "--description", "Weekly")

    assert ran.code == 0
    assert set(ran.json) == {"deployment"}
    deployment = ran.json["deployment"]
    assert (deployment["status"], deployment["environment"]) == ("succeeded", "stage")
    assert deployment["description"] == "Weekly"
    assert desk.world.running("search-api", "stage") == {digest}
    assert release_ids(desk) == [deployment["release_id"]]


def test_deploy_deploys_an_earlier_release(desk: Desk) -> None:
    digest = desk.world.push("items")
    release_id = desk.run("--output", "json", "prepare").json["release"]["release_id"]
    desk.world.push("items")

    ran = desk.run(
        "--confirm", "--output", "json", "deploy", "--release-id", release_id[:8], "--environment-id", "prod"
    )

    assert ran.code == 0
    assert ran.json["deployment"]["release_id"] == release_id
    assert desk.world.running("items-api", "prod") == {digest}


def test_result_is_on_stdout_and_plan_and_progress_on_stderr(desk: Desk) -> None:
    desk.world.push("search")

    ran = desk.run("--confirm", "release-deploy")

    assert "succeeded" in ran.out
    assert "Plan: deploy" in ran.err
    assert "Plan: deploy" not in ran.out
    assert "dry run" not in ran.err


@pytest.mark.parametrize("output", ["text", "json"])
def test_deploying_without_a_terminal_and_confirm_is_a_usage_error(desk: Desk, output: str) -> None:
    desk.world.push("search")

    ran = desk.run("--output", output, "release-deploy")

    assert ran.code == 2
    assert "--confirm" in ran.err
    assert desk.world.count("registry.point") == desk.world.count("store.claim") == 0
    assert release_ids(desk) == []


def test_deploying_without_changes_needs_no_confirm(desk: Desk) -> None:
    ran = desk.run("--output", "json", "release-deploy")

    assert ran.code == 0
    statuses = {service["status"] for service in ran.json["deployment"]["services"]}
    assert statuses == {"unchanged"}


@pytest.mark.parametrize("command", ["deploy", "release-deploy"])
def test_dry_run_shows_the_plan_and_changes_nothing(desk: Desk, command: str) -> None:
    desk.run("prepare")
    desk.world.push("search")
    desk.run("prepare")
    writes = desk.world.count("store.save")

    ran = desk.run("--dry-run", "--output", "json", command)

    assert ran.code == 0
    assert set(ran.json) == {"plan"}
    assert ran.json["plan"]["changes"] is True
    assert (ran.json["plan"]["release_id"] is None) == (command == "release-deploy")
    assert desk.world.count("store.save") == writes
    assert desk.world.count("store.claim") == desk.world.count("registry.point") == 0
    assert desk.run("--dry-run", command).out.startswith("Dry run: deploy")


def test_dry_run_of_prepare_and_update_makes_a_release_without_an_id(desk: Desk) -> None:
    made = desk.run("--dry-run", "--output", "json", "prepare")
    assert made.json["release"]["release_id"] is None
    assert desk.world.count("store.save") == 0

    desk.run("prepare")
    updated = desk.run("--dry-run", "--output", "json", "update", "--image-ids", "search")
    assert updated.json["release"]["release_id"] is None
    assert desk.world.count("store.save") == 1


def test_prepare_prints_the_release_and_the_previous_one(desk: Desk) -> None:
    first = desk.run("--output", "json", "prepare").json
    second = desk.run(
        "--output", "json", "prepare", "--from-label", "env.prod", "--description", "Of prod"
    ).json

    assert first["previous_release_id"] is None
    assert second["previous_release_id"] == first["release"]["release_id"]
    assert (second["release"]["from_label"], second["release"]["description"]) == ("env.prod", "Of prod")
    assert first["release"]["description"] == "No description provided"


def test_update_replaces_only_the_named_images(desk: Desk) -> None:
    desk.run("prepare")
    desk.world.push("items")
    search, items = desk.world.push("search"), desk.world.tag("items", "env.stage")

    ran = desk.run("--output", "json", "update", "--service-ids", "search")

    assert ran.json["release"]["digests"] == {"search": search, "items": items}


@pytest.mark.parametrize(
    ("arguments", "prepared", "code"),
    [
        pytest.param([], no_push, 0, id="nothing to do"),
        pytest.param([], pushed, 0, id="changes, not asked for"),
        pytest.param(["--detailed-exitcode"], no_push, 0, id="nothing to do, asked for"),
        pytest.param(["--detailed-exitcode"], pushed, 2, id="changes"),
        pytest.param(["--detailed-exitcode", "--nonsense"], no_push, 5, id="bad usage"),
        pytest.param(["--detailed-exitcode", "--environment-id", "nowhere"], no_push, 5, id="not found"),
        pytest.param(["--nonsense"], no_push, 2, id="bad usage, not asked for"),
    ],
)
def test_plan_with_detailed_exitcode_answers_by_exit_code(
    desk: Desk, arguments: list[str], prepared: Callable[[Desk], None], code: int
) -> None:
    prepared(desk)
    desk.run("prepare")

    assert desk.run("plan", *arguments).code == code


def test_plan_with_detailed_exitcode_in_the_environment_answers_by_exit_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WECO_DEPLOY_DETAILED_EXITCODE", "1")

    assert desk.run("plan").code == 5  # there is no release
    assert desk.run("show-release").code == 1


def test_failed_deployment_is_exit_code_1_with_its_document(desk: Desk) -> None:
    desk.world.push("search", crash())

    ran = desk.run("--confirm", "--output", "json", "release-deploy", *SOON)

    assert ran.code == 1
    assert ran.json["deployment"]["status"] == "failed"


def test_timed_out_deployment_is_exit_code_3(desk: Desk) -> None:
    desk.world.push("search", slow(300))

    ran = desk.run("--confirm", "--output", "json", "release-deploy", "--confirmation-wait-for", "30", *SOON)
    patient = ("confirm-deploy", "--confirmation-wait-for", "600")
    looked = desk.run("--output", "json", "--dry-run", *patient)
    before = desk.run("--output", "json", "show-deployments").json["deployments"]
    confirmed = desk.run("--output", "json", *patient)
    after = desk.run("--output", "json", "show-deployments").json["deployments"]

    assert (ran.code, ran.json["deployment"]["status"]) == (3, "timed_out")
    assert (looked.code, looked.json["deployment"]["status"]) == (0, "succeeded")
    assert [deployment["status"] for deployment in before] == ["timed_out"]
    assert (confirmed.code, confirmed.json["deployment"]["status"]) == (0, "succeeded")
    assert [deployment["status"] for deployment in after] == ["succeeded"]


def test_interrupted_deployment_is_exit_code_130_with_its_document(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.signal_before(1, "store.note")

    ran = desk.run("--confirm", "--output", "json", "release-deploy")

    assert (ran.code, ran.json["deployment"]["status"]) == (130, "interrupted")


def test_locked_environment_is_exit_code_4(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.somebody_locks("stage", holder="ada", reason="an audit")

    ran = desk.run("--confirm", "--output", "json", "release-deploy")

    assert ran.code == 4
    assert ran.error["code"] == "environment_locked"
    assert "ada" in ran.error["message"]


def test_aws_error_before_the_claim_is_an_error_document(desk: Desk) -> None:
    desk.world.fail("registry.find", errors.AccessDenied("ecr:DescribeImages", "no"))

    ran = desk.run("--output", "json", "prepare")

    assert ran.code == 1
    assert ran.error["code"] == "access_denied"


def test_internal_error_after_the_claim_prints_the_deployment(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.fail("store.note", ZeroDivisionError())

    ran = desk.run("--confirm", "--output", "json", "release-deploy")

    assert ran.code == 1
    assert set(ran.json) == {"deployment"}
    assert "internal error: ZeroDivisionError" in ran.err


def test_history_commands_print_their_documents(desk: Desk) -> None:
    desk.run("--confirm", "release-deploy")
    desk.world.pass_time(60)
    desk.world.push("search")
    desk.run("--confirm", "release-deploy", "--environment-id", "prod")
    newest, oldest = release_ids(desk)

    shown = desk.run("show-release").json
    assert shown["release_id"] == newest
    assert [deployment["environment"] for deployment in shown["deployments"]] == ["prod"]
    assert desk.run("show-release", oldest).json["release_id"] == oldest
    assert release_ids(desk) == [newest, oldest]
    deployments = desk.run("--output", "json", "show-deployments").json["deployments"]
    assert [deployment["environment"] for deployment in deployments] == ["prod", "stage"]
    (only,) = desk.run("--output", "json", "show-deployments", oldest[:8]).json["deployments"]
    assert only["environment"] == "stage"
    (only,) = desk.run("--output", "json", "show-deployments", "--limit", "1").json["deployments"]
    assert only["environment"] == "prod"
    (only,) = desk.run("--output", "json", "show-deployments", "--environment-id", "stage").json[
        "deployments"
    ]
    assert only["environment"] == "stage"
    images = desk.run("--output", "json", "show-images", "--label", "env.prod").json["images"]
    assert images["search"]["digest"] == desk.world.tag("search", "env.prod")
    difference = desk.run("--output", "json", "show-release", "--diff", oldest).json["difference"]
    assert set(difference["images"]) == {"search"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("prepare",),
        ("update", "--image-ids", "search"),
        ("plan",),
        ("show-releases",),
        ("show-deployments",),
        ("show-images",),
        ("show-release",),
        ("show-release", "--diff", "latest"),
    ],
)
def test_every_command_prints_text_and_json(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.run("--confirm", "release-deploy")

    text, document = desk.run(*arguments), desk.run("--output", "json", *arguments)

    assert (text.code, document.code) == (0, 0)
    assert text.out.strip()
    assert isinstance(document.json, dict)


def test_suggested_commands_repeat_the_options_that_identify_the_project(desk: Desk) -> None:
    desk.world.push("search", crash())

    ran = desk.run("--confirm", "-f", ".wellcome_project", "-i", "shop", "release-deploy", *SOON)

    assert "weco-deploy --project-file .wellcome_project --project-id shop deploy" in ran.out


def test_allow_partial_makes_a_release_without_the_images_that_lack_the_label(desk: Desk) -> None:
    desk.world.untag("items", "latest")

    refused = desk.run("--output", "json", "prepare")
    made = desk.run("--output", "json", "prepare", "--allow-partial")
    deployed = desk.run("--confirm", "--output", "json", "release-deploy", "--allow-partial")

    assert (refused.code, refused.error["code"]) == (1, "incomplete_release")
    assert (made.json["release"]["complete"], made.json["release"]["missing"]) == (False, ["items"])
    assert deployed.code == 0
    assert [(left["kind"], left["id"]) for left in deployed.json["deployment"]["left_out"]] == [
        ("image", "items")
    ]


@pytest.mark.parametrize("command", ["prepare", "release-deploy"])
def test_commit_takes_its_images_instead_of_the_latest(desk: Desk, command: str) -> None:
    digest = desk.world.push("search")
    commit = desk.world.git.commits[-1].commit
    desk.world.push("search")

    ran = desk.run("--confirm", "--output", "json", command, "--commit", commit[:8])

    assert ran.code == 0
    release = desk.run("--output", "json", "show-releases").json["releases"][0]
    assert (release["commit"], release["commits_behind"]["search"]) == (commit, 0)
    assert release["digests"]["search"] == digest
    assert commit[:7] in desk.run("show-releases").out


@pytest.mark.parametrize("command", ["prepare", "release-deploy"])
def test_commit_and_label_together_are_a_usage_error(desk: Desk, command: str) -> None:
    ran = desk.run("--confirm", "--output", "json", command, "--commit", "HEAD", "--from-label", "latest")

    assert ran.code == 2
    assert ran.json["error"]["message"] == "--commit HEAD can't be combined with --from-label latest"


def test_images_that_are_not_pushed_in_time_are_exit_code_3(desk: Desk) -> None:
    desk.world.git.commit("c0ffee" + "0" * 34, "Change search", desk.world.now())

    ran = desk.run(
        "--confirm", "--output", "json", "release-deploy", "--commit", "HEAD", "--wait-for-images", "20"
    )

    assert ran.code == 3
    assert ran.json["error"]["code"] == "images_not_pushed"
    assert "no image of commit c0ffee0 yet of: search, items; waiting until" in ran.err
    assert release_ids(desk) == []


def test_dry_run_of_a_release_of_a_commit_saves_nothing(desk: Desk) -> None:
    desk.world.push("search")

    ran = desk.run("--dry-run", "release-deploy", "--commit", "HEAD")

    assert ran.code == 0
    assert "Not built for" in ran.err
    assert desk.world.tables == {}


def test_allow_missing_deploys_without_a_service_and_the_verdict_says_so(desk: Desk) -> None:
    desk.world.delete_service("items-api", "stage")

    refused = desk.run("--confirm", "--output", "json", "release-deploy")
    deployed = desk.run("--confirm", "--output", "json", "release-deploy", "--allow-missing")
    told = desk.run("--confirm", "release-deploy", "--allow-missing")

    assert (refused.code, refused.error["code"]) == (1, "plan_refused")
    assert [left["why"] for left in deployed.json["deployment"]["left_out"]] == ["allow_missing"]
    assert "! items-api: " in told.out
