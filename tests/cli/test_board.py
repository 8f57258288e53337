"""`board`, from arguments to files, documents and exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.desk import Desk
from weco_deploy.errors import AccessDenied


def deployed(desk: Desk) -> None:
    desk.world.push("search")
    for environment in ("stage", "prod"):
        assert desk.run("--confirm", "release-deploy", "--environment-id", environment).code == 0


def test_board_writes_a_page_for_each_environment_and_deployment(desk: Desk, tmp_path: Path) -> None:
    deployed(desk)
    out = tmp_path / "site" / "board"

    ran = desk.run("board", "--out", str(out))

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"wrote 5 pages; the first is {out}/index.html\n"
    assert sorted(path.name for path in (out / "environments").iterdir()) == ["prod.html", "stage.html"]
    assert len(list((out / "deployments").iterdir())) == 2
    assert "<h1>Shop</h1>" in (out / "index.html").read_text()


def test_document_names_the_pages(desk: Desk, tmp_path: Path) -> None:
    deployed(desk)

    found = desk.run("--output", "json", "board", "--out", str(tmp_path)).json["board"]

    assert (found["project_id"], found["directory"], found["dry_run"]) == ("shop", str(tmp_path), False)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.html")}
    assert set(found["pages"]) == written


def test_dry_run_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    deployed(desk)

    ran = desk.run("--dry-run", "board", "--out", str(tmp_path / "site"))

    assert ran.code == 0
    assert "would write 5 pages" in ran.out
    assert not (tmp_path / "site").exists()


def test_next_board_replaces_pages_and_leaves_other_files(desk: Desk, tmp_path: Path) -> None:
    deployed(desk)
    out = tmp_path / "site"
    (out / "deployments").mkdir(parents=True)
    (out / "index.html").write_text("old")
    (out / "deployments" / "older.html").write_text("older")

    assert desk.run("board", "--out", str(out)).code == 0

    assert "<h1>Shop</h1>" in (out / "index.html").read_text()
    assert (out / "deployments" / "older.html").read_text() == "older"
    assert not list(out.rglob(".*"))


def test_directory_that_cannot_be_written_is_an_error(desk: Desk, tmp_path: Path) -> None:
    deployed(desk)
    (tmp_path / "file").write_text("")

    ran = desk.run("board", "--out", str(tmp_path / "file"))

    assert ran.code == 1
    assert f"the board could not be written to {tmp_path / 'file'}" in ran.err


def test_environment_that_cannot_be_read_is_on_the_board_and_an_error(desk: Desk, tmp_path: Path) -> None:
    deployed(desk)
    desk.world.fail("store.environment", AccessDenied("dynamodb:GetItem", "not allowed"), times=1)

    ran = desk.run("board", "--out", str(tmp_path))

    assert ran.code == 1
    assert "error: " in ran.err
    assert "can&#39;t be read" in (tmp_path / "index.html").read_text()


def test_missing_package_is_named_before_anything_is_read(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "weco_deploy.report.board.pages", raising=False)

    ran = desk.run("board", "--out", str(tmp_path / "site"))

    assert ran.code == 2
    assert "jinja2" in ran.err
    assert 'pip install "weco-deploy[board]"' in ran.err
    assert desk.connections == []
    assert not (tmp_path / "site").exists()
