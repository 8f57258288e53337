"""After each kind of failed deployment, each place where somebody looks has what failed, why, what runs now, and the next command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.desk import Desk
from tests.operations.migrations import behaviour, define
from tests.report.html_pages import HtmlPage
from tests.world import crash, slow, unpullable

DEPLOY = ("--confirm", "release-deploy", "--environment-id", "stage", "--confirmation-wait-for", "120")
AS_BEFORE = r"search-api: {old} \(as before\), 1 of 1 task"


@dataclass(frozen=True)
class Kind:
    """A kind of failure: how it comes about, and regular expressions for what everybody has to know of it.

    `{old}` in `runs` is the commit that ran before. `logged` is the container's last log line, if it wrote any.
    """

    happens: Callable[[Desk], None]
    code: int
    failed: str
    why: tuple[str, ...]
    command: str
    runs: str = AS_BEFORE
    logged: str = ""


def _crashes(desk: Desk) -> None:
    desk.world.push("search", crash(code=3, lines=("starting", "no index called works")))


def _cannot_be_pulled(desk: Desk) -> None:
    desk.world.push("search", unpullable())


def _has_no_capacity(desk: Desk) -> None:
    desk.world.push("search")
    desk.world.trouble("search-api", "stage", "no-capacity")


def _takes_too_long(desk: Desk) -> None:
    desk.world.push("search", slow(3_600))


def _is_interrupted(desk: Desk) -> None:
    desk.world.push("search", slow(300))
    desk.world.signal_at(60)


def _task_fails(desk: Desk) -> None:
    file = Path(".wellcome_project")
    migrate = "{id: migrate, task_definition: 'migrate-{environment}', command: [migrate], like: search-api}"
    stage = "{id: stage, name: Staging}"
    file.write_text(file.read_text().replace(stage, stage.replace("}", f", before: [{migrate}]}}")))
    define(desk.world)
    desk.world.push("search", behaviour(code=3, lines=("migrating", "no such column")))


KINDS = {
    "task before the restart": Kind(
        _task_fails,
        1,
        failed=r"migrate \(before\)",
        why=("exit code 3",),
        command="deploy --release-id",
        logged="no such column",
    ),
    "crash": Kind(
        _crashes,
        1,
        failed=r"search-api \(stage/search-api\)",
        why=("container search", "exit code 3"),
        command="rollback --environment-id stage",
        logged="no index called works",
    ),
    "can't be pulled": Kind(
        _cannot_be_pulled,
        1,
        failed=r"search-api \(stage/search-api\)",
        why=("CannotPullContainerError",),
        command="rollback --environment-id stage",
    ),
    "no capacity": Kind(
        _has_no_capacity,
        1,
        failed=r"search-api \(stage/search-api\)",
        why=("unable to place a task",),
        command="deploy --release-id",
    ),
    "timed out": Kind(
        _takes_too_long,
        3,
        failed=r"search-api \(stage/search-api\)",
        why=("ran out of waiting time", "starting"),
        command="confirm-deploy --environment-id stage",
    ),
    "interrupted": Kind(
        _is_interrupted,
        130,
        failed=r"search-api \(stage/search-api\)",
        why=("was interrupted",),
        command="deploy --release-id",
    ),
}


PLACES = ("CI log", "summary", "show-deployment", "board")


def shown_at(place: str, desk: Desk, summary: Path, code: int) -> str:
    """The text of the last deployment at a place, as people read it, on one line."""
    summary.unlink(missing_ok=True)
    ran = desk.run(*DEPLOY)
    assert ran.code == code
    text = {
        "CI log": lambda: ran.err + ran.out,
        "summary": lambda: summary.read_text().replace("\\", ""),
        "show-deployment": lambda: desk.run("show-deployment").out,
        "board": lambda: board_page(desk, summary.parent / "site"),
    }[place]()
    return " ".join(text.split())


def board_page(desk: Desk, site: Path) -> str:
    """The text of the page of the last deployment, to which the first page of the board leads."""
    assert desk.run("board", "--out", str(site)).code == 0
    index = HtmlPage((site / "index.html").read_text())
    last = next(href for href in index.hrefs if href.startswith("deployments/"))
    return HtmlPage((site / last).read_text()).text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_failure_says_what_failed_why_what_runs_and_what_to_do(
    desk: Desk, summary: Path, kind: Kind, place: str
) -> None:
    desk.world.push("search")
    assert desk.run(*DEPLOY).code == 0
    desk.world.pass_time(60)
    old = desk.world.running("search-api", "stage")
    commit = _commit(desk)
    kind.happens(desk)

    text = shown_at(place, desk, summary, kind.code)

    assert re.search(kind.failed, text)
    for words in (*kind.why, *([kind.logged] if kind.logged else [])):
        assert words in text
    assert re.search(kind.runs.format(old=commit), text)
    assert desk.world.running("search-api", "stage") == old
    assert f"weco-deploy {kind.command}" in text


@pytest.mark.parametrize("kind", [KINDS["crash"], KINDS["no capacity"]], ids=["crash", "no capacity"])
def test_log_of_a_build_has_a_line_for_the_failure_when_it_happens_and_the_evidence_once(
    desk: Desk, kind: Kind
) -> None:
    assert desk.run(*DEPLOY).code == 0
    desk.world.pass_time(60)
    kind.happens(desk)

    ran = desk.run(*DEPLOY)

    (line,) = [line for line in ran.err.splitlines() if "✗ search-api" in line]
    assert all(words in line for words in (*kind.why[1:], kind.logged))
    evidence = "Essential container in task exited" if kind.logged else "see the Troubleshooting section"
    assert [text.count(evidence) for text in (ran.err.replace(line, ""), ran.out)] == [0, 1]


def _commit(desk: Desk) -> str:
    """The commit of the image that runs in stage, as people see it."""
    ref = desk.run("--output", "json", "show-images", "--label", "env.stage").json["images"]["search"]["ref"]
    return str(ref).removeprefix("ref.")[:7]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_suggested_command_works_once_the_cause_is_gone(desk: Desk, kind: Kind) -> None:
    desk.world.push("search")
    assert desk.run(*DEPLOY).code == 0
    desk.world.pass_time(60)
    kind.happens(desk)
    steps = desk.run("--output", "json", *DEPLOY).json["deployment"]["next"]
    desk.world.mend("search")
    desk.world.trouble("search-api", "stage", "none")
    desk.world.pass_time(3_600)

    (line,) = [step["command"] for step in steps if kind.command in step["command"]]
    ran = desk.run("--confirm", *shlex.split(line)[1:])

    assert ran.code == 0


@pytest.mark.parametrize("place", ["CI log", "summary"])
@pytest.mark.parametrize(
    ("lease", "why", "command"),
    [
        (None, "by hand", "weco-deploy unlock --environment-id stage"),
        (3_600, "for deployment", "--wait-for-lock SECONDS"),
    ],
    ids=["by hand", "by a deployment"],
)
def test_locked_environment_says_who_holds_it_why_and_what_to_do(
    desk: Desk, summary: Path, place: str, lease: int | None, why: str, command: str
) -> None:
    assert desk.run(*DEPLOY).code == 0
    holder = "arn:aws:sts::123456789012:assumed-role/deployer/bob"
    desk.world.somebody_locks("stage", lease, holder, "moving the database", "https://ci.example.org/7")

    text = shown_at(place, desk, summary, 4)

    assert f"stage is locked by bob (role deployer) {why}" in text
    assert "build https://ci.example.org/7" in text
    assert "moving the database" in text
    assert command in text
    release = str(desk.run("show-release").json["release_id"])
    assert f"stage has release {release[:8]}" in text
    assert "see what runs there with: weco-deploy status --environment-id stage" in text
    assert "search" in desk.run("status", "--environment-id", "stage").out


@pytest.mark.parametrize("output", ["text", "json"])
def test_show_deployment_says_who_locks_the_environment_of_the_last_one_why_and_how_to_unlock(
    desk: Desk, output: str
) -> None:
    assert desk.run(*DEPLOY).code == 0
    holder = "arn:aws:sts::123456789012:assumed-role/deployer/bob"
    desk.world.somebody_locks("stage", None, holder, "moving the database", "https://ci.example.org/7")

    text = desk.run("--output", output, "show-deployment").out

    for words in (
        "locked by bob (role deployer), build https://ci.example.org/7: moving the database",
        "succeeded",
    ):
        assert words in " ".join(text.split())
    assert "weco-deploy unlock --environment-id stage" in text


def test_show_deployment_of_the_past_says_nothing_of_a_lock(desk: Desk) -> None:
    first = desk.run("--confirm", "--output", "json", *DEPLOY[1:]).json["deployment"]["deployment_id"]
    desk.world.pass_time(60)
    desk.world.push("search")
    assert desk.run(*DEPLOY).code == 0
    desk.world.somebody_locks("stage", None, reason="moving the database")

    assert "locked" not in desk.run("show-deployment", first).out


def test_board_says_who_holds_a_locked_environment_why_and_what_runs_there(
    desk: Desk, tmp_path: Path
) -> None:
    desk.world.push("search")
    assert desk.run(*DEPLOY).code == 0
    commit = _commit(desk)
    holder = "arn:aws:sts::123456789012:assumed-role/deployer/bob"
    desk.world.somebody_locks("stage", None, holder, "moving the database", "https://ci.example.org/7")

    assert desk.run("board", "--out", str(tmp_path)).code == 0

    page = HtmlPage((tmp_path / "environments" / "stage.html").read_text())
    for words in ("by bob (role deployer)", "build https://ci.example.org/7", "moving the database"):
        assert words in page.text
    assert "weco-deploy unlock --environment-id stage" in page.text
    assert commit in page.row_with("search")
