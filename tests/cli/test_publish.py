"""publish, from arguments to documents and exit codes, on the in-memory world."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.desk import Desk, Ran
from tests.local.layouts import multi_arch, single
from tests.world.publishing import PASSWORD, pushed_manifest
from weco_deploy.model.publication import Head

COMMIT = "c0ffee" * 6 + "c0ff"
REF = f"ref.{COMMIT}"


def publish(desk: Desk, *arguments: str, dry: bool = False) -> Ran:
    options = ("--output", "json", *(["--dry-run"] if dry else []))
    return desk.run(*options, "publish", "--image-id", "search", *arguments)


def test_engine_image_is_published_under_the_checked_out_commit(desk: Desk) -> None:
    desk.world.desktop.head = Head(commit=COMMIT)
    image = desk.world.desktop.build(f"search:{COMMIT}")

    ran = publish(desk)

    assert ran.code == 0
    assert ran.json == {
        "published": {
            "image_id": "search",
            "repository": "uk.ac.wellcome/search",
            "ref": REF,
            "digest": pushed_manifest(image).digest,
            "label": "latest",
            "pushed": True,
            "label_moved": True,
            "dry_run": False,
        }
    }
    assert "layer 5f70bf18a086: Pushed" in ran.err
    assert PASSWORD not in ran.out + ran.err
    assert desk.world.tag("search", "latest") == pushed_manifest(image).digest

    again = publish(desk).json["published"]
    assert (again["pushed"], again["label_moved"]) == (False, False)


def test_publish_moves_another_label_if_it_is_given(desk: Desk) -> None:
    desk.world.desktop.build(f"search:{COMMIT}")
    before = desk.world.tag("search", "latest")

    assert publish(desk, "--ref", COMMIT, "--label", "candidate").code == 0

    assert desk.world.tag("search", "candidate") == desk.world.tag("search", REF)
    assert desk.world.tag("search", "latest") == before


def test_dry_run_of_publish_describes_the_changes_and_makes_none(desk: Desk) -> None:
    desk.world.desktop.build(f"search:{COMMIT}")
    before = dict(desk.world.stored("search").tags)

    document = publish(desk, "--ref", COMMIT, dry=True).json["published"]

    assert (document["pushed"], document["label_moved"], document["digest"], document["dry_run"]) == (
        True,
        True,
        None,
        True,
    )
    assert desk.world.stored("search").tags == before
    assert desk.world.desktop.pushes == []


@pytest.mark.parametrize("archive", [True, False])
def test_oci_layout_is_published_with_all_its_architectures(
    desk: Desk, tmp_path: Path, archive: bool
) -> None:
    made = multi_arch()
    path = (
        made.layout.archive(tmp_path / "image.tar") if archive else made.layout.directory(tmp_path / "image")
    )
    desk.world.desktop.has_engine = False

    ran = publish(desk, "--ref", COMMIT, "--oci-layout", str(path))

    assert ran.code == 0
    assert ran.json["published"]["digest"] == made.top
    assert desk.world.tag("search", REF) == desk.world.tag("search", "latest") == made.top


def test_layout_in_the_work_tree_does_not_make_it_dirty(desk: Desk) -> None:
    path = single().layout.archive(Path("image.tar"))
    desk.world.desktop.head = Head(commit=COMMIT, changed=(str(path),))
    assert publish(desk, "--oci-layout", str(path)).json["published"]["ref"] == REF


def test_dirty_work_tree_is_refused_unless_it_is_allowed(desk: Desk) -> None:
    desk.world.desktop.head = Head(commit=COMMIT, changed=("src/app.py",))
    desk.world.desktop.build(f"search:{COMMIT}")

    refused = publish(desk)

    assert (refused.code, refused.error["code"]) == (2, "usage")
    assert "src/app.py" in refused.error["message"]
    assert publish(desk, "--allow-dirty").code == 0


def test_ref_of_another_image_needs_force(desk: Desk) -> None:
    desk.world.point("search", REF, desk.world.push("search"))
    desk.world.desktop.build(f"search:{COMMIT}")

    refused = publish(desk, "--ref", COMMIT)

    assert (refused.code, refused.error["code"]) == (1, "plan_refused")
    assert publish(desk, "--ref", COMMIT, "--force-ref").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "name"),
    [
        (("--ref", COMMIT), 1, "not_found"),  # no such image in the engine
        ((), 1, "not_found"),  # no commit
        (("--ref", "a/b"), 2, "usage"),
        (("--ref", COMMIT, "--label", "env.stage"), 2, "usage"),
        (("--ref", COMMIT, "--oci-layout", "missing"), 1, "image_layout"),
    ],
)
def test_refused_publish_is_a_clear_error(
    desk: Desk, arguments: tuple[str, ...], code: int, name: str
) -> None:
    ran = publish(desk, *arguments)
    assert (ran.code, ran.error["code"]) == (code, name)
    assert ran.error["hint"]
    assert len(ran.err.strip().splitlines()) == 1


def test_missing_engine_is_a_clear_error(desk: Desk) -> None:
    desk.world.desktop.has_engine = False
    ran = publish(desk, "--ref", COMMIT)
    assert (ran.code, ran.error["code"]) == (1, "docker")


def test_unknown_image_id_is_named_with_those_of_the_project(desk: Desk) -> None:
    ran = desk.run("publish", "--image-id", "serach")
    assert ran.code == 1
    assert "search, items" in ran.err
    assert desk.connections == []


def test_publish_without_a_terminal_needs_the_image_id(desk: Desk) -> None:
    ran = desk.run("publish")
    assert ran.code == 2
    assert "--image-id" in ran.err


def test_publish_names_its_purpose_for_cloudtrail(desk: Desk) -> None:
    publish(desk, "--ref", COMMIT)
    assert [connection.purpose for connection in desk.connections] == ["publish shop"]


def test_text_says_what_was_done_and_what_was_already_there(desk: Desk) -> None:
    desk.world.desktop.build(f"search:{COMMIT}")
    arguments = ("publish", "--image-id", "search", "--ref", COMMIT)

    dry = desk.run("--dry-run", *arguments).out
    first = desk.run(*arguments).out
    again = desk.run(*arguments).out
    dry_again = desk.run("--dry-run", *arguments).out

    assert f"uk.ac.wellcome/search:{REF} would be pushed" in dry
    assert "latest would be moved" in dry
    assert f"uk.ac.wellcome/search:{REF} is pushed" in first
    assert "latest is moved" in first
    assert "sha256:" in first
    assert "was there already, nothing is pushed" in again
    assert "latest pointed at it already" in again
    assert "is there already" in dry_again


def test_missing_docker_package_is_reported_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from weco_deploy.connect import _docker_engine
    from weco_deploy.errors import DockerError

    monkeypatch.delitem(sys.modules, "weco_deploy.local.engine", raising=False)
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(DockerError, match="docker") as error:
        _docker_engine()
    assert "weco-deploy[publish]" in error.value.hint
