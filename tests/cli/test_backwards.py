"""The project file's `backwards`, on the command line: text, JSON and exit codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk
from tests.world import Call

STAGE = ("--environment-id", "stage")
BRANCH = PROJECT_FILE.replace("  name: Shop\n", "  name: Shop\n  branch: main\n")


def refusing() -> None:
    text = PROJECT_FILE.replace("name: Staging}", "name: Staging, backwards: refuse}")
    Path(".wellcome_project").write_text(text)


def two_releases(desk: Desk) -> str:
    """The id of an older release than stage has."""
    older = str(desk.run("--confirm", "--output", "json", "prepare").json["release"]["release_id"])
    desk.world.push("search")
    assert desk.run("--confirm", "release-deploy", *STAGE).code == 0
    desk.world.pass_time(1)
    return older


def test_plan_shows_directions_and_the_commits_that_would_be_lost(desk: Desk) -> None:
    older = two_releases(desk)

    ran = desk.run("plan", "--release-id", older, *STAGE)

    assert ran.code == 0
    assert "behind 2" in ran.out
    assert "Commits that would be lost (2):" in ran.out
    assert "Change search once more, after 1 images" in " ".join(ran.out.split())
    assert "is 2 commits behind" in ran.out


def test_json_of_a_plan_has_direction_number_and_commits(desk: Desk) -> None:
    older = two_releases(desk)

    plan = desk.run("--output", "json", "plan", "--release-id", older, *STAGE).json["plan"]

    search, items = plan["images"]
    assert (search["direction"], search["commits_between"]) == ("behind", 2)
    assert [commit["subject"] for commit in search["commits_lost"]] == [
        "Change search once more, after 1 images",
        "Change items once more, after 0 images",
    ]
    assert set(search["commits_lost"][0]) == {"commit", "subject", "author", "date"}
    assert (items["direction"], items["commits_between"], items["commits_lost"]) == ("same", 0, [])
    assert search["unknown_because"] is None


def test_verdict_says_that_an_image_went_backwards_and_the_history_still_does(desk: Desk) -> None:
    older = two_releases(desk)

    ran = desk.run("--confirm", "deploy", "--release-id", older, *STAGE)

    assert ran.code == 0
    assert "went backwards (1): search (behind 2)" in ran.out
    assert "went backwards (1): search (behind 2)" in desk.run("show-deployment", *STAGE).out


def test_plan_shows_the_closed_gate_and_is_no_error(desk: Desk) -> None:
    refusing()
    older = two_releases(desk)
    command = ("plan", "--release-id", older, *STAGE)

    text = desk.run(*command)
    document = desk.run("--output", "json", *command)
    detailed = desk.run(*command, "--detailed-exitcode")

    assert (text.code, document.code, detailed.code) == (0, 0, 2)
    (gate,) = document.json["plan"]["closed_gates"]
    (reason,) = gate["reasons"]
    assert re.fullmatch(r"would go backwards: search \([0-9a-f]{7} is 2 commits behind [0-9a-f]{7}\)", reason)
    assert (
        "\nGate closed: stage takes only images that move forward (backwards: refuse):\n"
        f"  {reason}\n"
        "  if it must be, say why with --override-gate REASON, which is recorded\n"
        "\n"
        "A gate is closed, so nothing would be deployed. If it were open: move 1 tag, redeploy 1 of 2 services.\n"
    ) in text.out
    assert gate == {
        "message": "stage takes only images that move forward (backwards: refuse):",
        "reasons": [reason],
        "hint": "if it must be, say why with --override-gate REASON, which is recorded",
    }
    assert desk.run(*command, "--override-gate", "a test").out.count("Gate closed") == 0


def test_dry_run_shows_the_plan_with_the_closed_gate_and_fails_as_deploy_would(desk: Desk) -> None:
    refusing()
    older = two_releases(desk)

    ran = desk.run("--dry-run", "deploy", "--release-id", older, *STAGE)

    assert ran.code == 1
    assert ran.out.startswith("Dry run: deploy release")
    assert "\nGate closed: stage takes only images that move forward" in ran.out
    assert "error: stage takes only images that move forward" in ran.err


def test_refusal_is_a_closed_gate_and_passes_for_a_reason(desk: Desk) -> None:
    refusing()
    older = two_releases(desk)
    command = ("--confirm", "--output", "json", "deploy", "--release-id", older, *STAGE)

    refused = desk.run(*command)
    dry = desk.run("--dry-run", *command)
    passed = desk.run(*command, "--override-gate", "the new search is slow")

    assert (refused.code, refused.error["code"]) == (1, "gate_closed")
    assert (dry.code, dry.error["code"]) == (1, "gate_closed")
    assert "is 2 commits behind" in refused.error["message"]
    assert passed.code == 0
    assert passed.json["deployment"]["gate_override"] == "the new search is slow"
    assert passed.json["deployment"]["images"]["search"]["direction"] == "behind"


@pytest.mark.parametrize("output", ["text", "json"])
def test_older_of_two_overlapping_runs_ends_well_and_says_already_newer(desk: Desk, output: str) -> None:
    refusing()
    world = desk.world
    world.push("search")

    def newer(_: Call) -> None:
        world.push("search")
        desk.run("--confirm", "release-deploy", *STAGE)

    world.before("store.claim", newer)
    ran = desk.run("--confirm", "--output", output, "release-deploy", *STAGE)

    assert ran.code == 0
    if output == "text":
        assert ran.out.startswith("Already newer: stage has every image of this release, or a newer one.")
        return
    plan = ran.json["plan"]
    assert plan["changes"] is False
    assert plan["already_newer"]["status"] == "succeeded"
    assert [image["direction"] for image in plan["images"]] == ["behind", "same"]
    assert not any(image["moves"] for image in plan["images"])


def test_older_of_two_overlapping_runs_says_in_plan_and_verdict_that_it_goes_backwards(desk: Desk) -> None:
    world = desk.world
    world.push("search")

    def newer(_: Call) -> None:
        world.push("search")
        desk.run("--confirm", "release-deploy", *STAGE)

    world.before("store.claim", newer)
    ran = desk.run("--confirm", "release-deploy", *STAGE)

    assert ran.code == 0
    shown = " ".join(ran.err.split())
    assert re.search(r"! would go backwards: search \([0-9a-f]{7} is 1 commit behind [0-9a-f]{7}\)", shown)
    assert "went backwards (1): search (behind 1)" in ran.out


def test_one_line_says_that_there_is_no_repository_here(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.push("items")
    desk.world.git.exists = False

    ran = desk.run("--dry-run", "release-deploy", *STAGE)

    assert ran.code == 0
    text = " ".join(ran.out.split())
    assert text.count("direction unknown of all images that change: git finds no repository here") == 1
    assert "direction\n" not in ran.out


def test_commit_off_the_branch_is_shown(desk: Desk) -> None:
    Path(".wellcome_project").write_text(BRANCH)
    desk.world.git.branches["main"] = desk.world.git.commits[-1].commit
    desk.world.push("search")

    ran = desk.run("--dry-run", "release-deploy", *STAGE)

    assert "off branch" in ran.out
    assert "! built from commits that are not on main: search" in ran.out
