"""`--board`: commands that deploy update the board in the end, which changes no result."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event

import pytest

from tests.cli.desk import Desk
from tests.world import crash
from tests.world.site import WorldSite
from weco_deploy.cli import board_update
from weco_deploy.errors import AccessDenied, Throttled

TO_STAGE = ("--confirm", "release-deploy", "--environment-id", "stage", "--board")
DENIED = AccessDenied("s3:PutObject", "not allowed")


def test_deployment_is_on_the_board_that_it_updates(desk: Desk, tmp_path: Path) -> None:
    ran = desk.run(*TO_STAGE, str(tmp_path / "site"))

    assert ran.code == 0
    assert ran.err.endswith(f"updated the board in {tmp_path / 'site'}\n")
    assert "✓" in (tmp_path / "site" / "index.html").read_text()
    assert len(list((tmp_path / "site" / "deployments").iterdir())) == 1


@pytest.mark.parametrize(
    "command",
    [
        ("deploy", "--environment-id", "prod"),
        ("promote", "--from", "stage", "--to", "prod"),
        ("rollback", "--environment-id", "stage"),
    ],
)
def test_every_command_that_deploys_updates_the_board(desk: Desk, command: tuple[str, ...]) -> None:
    for _ in range(2):
        desk.world.push("search")
        assert desk.run(*TO_STAGE[:-1]).code == 0

    assert desk.run("--confirm", *command, "--board", "s3://boards/shop").code == 0

    assert "s3://boards/shop/index.html" in desk.world.site


def test_failed_deployment_is_on_the_board_too(desk: Desk) -> None:
    desk.world.push("search", crash(code=3))

    ran = desk.run(*TO_STAGE, "s3://boards")

    assert ran.code == 1
    assert "✗" in desk.world.site["s3://boards/index.html"]


def test_result_is_written_before_the_board(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr("weco_deploy.cli.deployments.print_result", lambda *_: order.append("result"))
    desk.world.after("site.put", lambda _: order.append("page"))

    desk.run(*TO_STAGE, "s3://boards")

    assert order[0] == "result"
    assert "page" in order


def test_document_is_the_same_with_a_board(desk: Desk) -> None:
    ran = desk.run("--output", "json", *TO_STAGE, "s3://boards")

    assert ran.code == 0
    assert ran.json["deployment"]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("call", "error"),
    [("site.put", DENIED), ("site.put", ValueError("a mistake of ours")), ("store.release", DENIED)],
)
def test_board_that_can_not_be_updated_is_a_warning(desk: Desk, call: str, error: Exception) -> None:
    desk.world.push("search")
    desk.run(*TO_STAGE[:-1])
    desk.world.push("search")
    desk.world.after("store.settle", lambda _: desk.world.fail(call, error, times=100))

    ran = desk.run(*TO_STAGE, "s3://boards")

    assert ran.code == 0
    assert "succeeded" in ran.out
    assert "warning: the board in s3://boards is not up to date: " in ran.err
    assert str(getattr(error, "message", error)) in ran.err


def test_missing_package_is_a_warning(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "weco_deploy.report.board.pages", raising=False)

    ran = desk.run(*TO_STAGE, "s3://boards")

    assert ran.code == 0
    assert (
        'not up to date: the board needs a package that is not installed: jinja2; install it with: pip install "weco-deploy[board]"'
        in ran.err
    )


def test_environment_that_can_not_be_read_is_a_warning(desk: Desk) -> None:
    throttled = Throttled("dynamodb:GetItem", "too many requests")
    desk.world.after("store.settle", lambda _: desk.world.fail("store.environment", throttled, times=1))

    ran = desk.run(*TO_STAGE, "s3://boards")

    assert ran.code == 0
    assert "can't be read: dynamodb:GetItem: too many requests" in ran.err
    assert "s3://boards/index.html" in desk.world.site


def test_update_ends_after_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        board_update, "LONGEST", -board_update.LONGEST
    )  # it is over as soon as a call has to be waited for
    released = Event()
    monkeypatch.setattr(WorldSite, "put", lambda *_: released.wait(60))

    ran = desk.run(*TO_STAGE, "s3://boards")

    released.set()
    assert ran.code == 0
    assert "warning: the board in s3://boards is not up to date: AWS had not answered by" in ran.err


@pytest.mark.parametrize(
    "arguments", [("--dry-run", *TO_STAGE), ("--confirm", "deploy", "--release-id", "nothing", "--board")]
)
def test_board_is_left_alone_where_nothing_was_deployed(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.run(*arguments, "s3://boards")

    assert desk.world.site == {}


def test_invalid_place_is_an_error_before_anything_changes(desk: Desk) -> None:
    ran = desk.run(*TO_STAGE, "s3://Boards")

    assert ran.code == 2
    assert "'s3://Boards' names no place in S3" in ran.err
    assert desk.connections == []


def test_board_command_writes_to_s3_too(desk: Desk) -> None:
    desk.run(*TO_STAGE[:-1])

    ran = desk.run("board", "--out", "s3://boards/shop")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "wrote 4 pages; the first is s3://boards/shop/index.html\n"
    assert len(desk.world.site) == 4
