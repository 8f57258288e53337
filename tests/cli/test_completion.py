"""Completion, as the shells ask for it: a process that gets the line in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.desk import PROJECT_FILE, Desk
from tests.cli.test_process import IN_TIME, REAL, environment
from weco_deploy.cli import completion

CACHE = "cache"
PATIENT = "patient"


def completed(line: str) -> list[str]:
    """The completions of the line's last word."""
    words = line.split(" ")
    asked = {
        "_WECO_DEPLOY_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "XDG_CACHE_HOME": str(Path(CACHE).absolute()),
        "PYTHONPATH": os.pathsep.join([str(Path(PATIENT).absolute()), environment()["PYTHONPATH"]]),
    }
    ran = subprocess.run(
        [*REAL],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=IN_TIME,
        check=True,
        env=environment(**asked),
    )
    assert ran.stderr == ""
    return [answer.partition(",")[2] for answer in ran.stdout.splitlines() if answer]


@pytest.fixture(autouse=True)
def enough_time() -> None:
    """Switch the time limit off: on a busy machine a process may need longer than a person would wait."""
    Path(PATIENT).mkdir()
    Path(PATIENT, "sitecustomize.py").write_text("import signal\nsignal.setitimer = lambda *_: None\n")


@pytest.fixture
def project_file() -> Path:
    path = Path(".wellcome_project")
    path.write_text(PROJECT_FILE)
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("weco-deploy show-rel", ["show-release", "show-releases"]),
        ("weco-deploy rel", ["release-deploy"]),
        ("weco-deploy deploy --roll", ["--rollback-on-failure"]),
        ("weco-deploy deploy --confirmation-w", ["--confirmation-wait-for"]),
        ("weco-deploy --output ", ["text", "json"]),
        ("weco-deploy --project-id ", ["shop"]),
        ("weco-deploy deploy --environment-id ", ["stage", "prod"]),
        ("weco-deploy deploy --environment-id p", ["prod"]),
        ("weco-deploy promote --from st", ["stage"]),
        ("weco-deploy doct", ["doctor"]),
        ("weco-deploy doctor --off", ["--offline"]),
        ("weco-deploy doctor --environment-id p", ["prod"]),
        ("weco-deploy update --image-ids ", ["search", "items"]),
        ("weco-deploy update --image-ids search,it", ["search,items"]),
        ("weco-deploy publish --image-id s", ["search"]),
        ("weco-deploy sandbox push i", ["items"]),
        ("weco-deploy sandbox trouble ", ["search-api", "items-api"]),
        ("weco-deploy deploy --release-id ", ["latest"]),
        ("weco-deploy --project-id other deploy --environment-id ", []),
    ],
)
@pytest.mark.usefixtures("project_file")
def test_commands_options_and_names_of_the_file_are_completed(line: str, expected: list[str]) -> None:
    assert completed(line) == expected


def test_project_file_of_the_option_is_read(tmp_path: Path) -> None:
    other = tmp_path / "other.yml"
    other.write_text(PROJECT_FILE.replace("stage", "test"))

    assert completed(f"weco-deploy -f {other} deploy --environment-id t") == ["test"]


def test_invalid_file_still_completes_its_ids(project_file: Path) -> None:
    project_file.write_text(PROJECT_FILE + "  role_arn: nobody\n  image_repositories: twice\n")

    assert completed("weco-deploy deploy --environment-id ") == ["stage", "prod"]


@pytest.mark.parametrize("content", [None, "", "shop: [", "\0", "- shop\n", "shop: {environments: stage}"])
def test_unusable_file_completes_nothing_and_is_no_error(content: str | None) -> None:
    if content is not None:
        Path(".wellcome_project").write_text(content)

    assert completed("weco-deploy deploy --environment-id ") == []


def test_releases_that_commands_showed_are_completed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path(CACHE).absolute()))
    for _ in range(2):
        assert desk.run("--confirm", "prepare").code == 0
    releases = desk.run("--output", "json", "show-releases").json["releases"]
    ids = [release["release_id"] for release in releases]

    assert completed("weco-deploy deploy --release-id ") == ["latest", *ids]
    assert completed("weco-deploy show-release " + ids[0][:8]) == [ids[0]]


def test_dry_run_caches_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run("--confirm", "prepare")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path(CACHE).absolute()))
    desk.run("--dry-run", "show-releases")

    assert not Path(CACHE).exists()


@pytest.mark.parametrize("content", ["[]", "{", '{"shop": "latest"}', '{"shop": [1]}', "\0"])
@pytest.mark.usefixtures("project_file")
def test_unusable_cache_is_no_error(content: str) -> None:
    cache = Path(CACHE, "weco-deploy", "releases.json")
    cache.parent.mkdir(parents=True)
    cache.write_text(content)

    assert completed("weco-deploy deploy --release-id ") == ["latest"]


def test_cache_that_cant_be_written_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(CACHE).write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path(CACHE).absolute()))

    ran = desk.run("--confirm", "prepare")

    assert (ran.code, "error" in ran.err) == (0, False)


@pytest.mark.parametrize("command", ["prepare", "release-deploy", "changes"])
def test_commits_are_completed_by_the_branches_and_tags_of_git(command: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        [*identity, "commit", "--quiet", "--allow-empty", "--message=Begin"],
        ["tag", "v1"],
    ):
        subprocess.run(["git", *arguments], check=True)

    assert completed(f"weco-deploy {command} --commit ") == ["HEAD", "main", "v1"]
    assert completed(f"weco-deploy {command} --commit m") == ["main"]


def test_commits_outside_of_a_git_repository_are_completed_by_nothing_else() -> None:
    assert completed("weco-deploy prepare --commit ") == ["HEAD"]


def test_completion_imports_neither_pydantic_nor_boto(project_file: Path) -> None:
    assert project_file.exists()
    script = (
        "import sys\n"
        "from weco_deploy.cli.main import weco_deploy\n"
        "from weco_deploy.config.ids import read_ids\n"
        "from pathlib import Path\n"
        "assert read_ids(Path('.wellcome_project'))[0].environments == ('stage', 'prod')\n"
        "print(*{'pydantic', 'botocore', 'rich'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert ran.stdout.split() == []


def test_completion_that_takes_too_long_ends_without_output() -> None:
    assert completion.TIME < 0.3
    script = (
        "import itertools, os\n"
        "from weco_deploy.local.time_limit import exit_after\n"
        "exit_after(0.05)\n"
        "for _ in itertools.count():\n"
        "    pass\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=IN_TIME)

    assert (ran.stdout, ran.stderr) == (b"", b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_a_script(shell: str) -> None:
    ran = subprocess.run(
        [*REAL],
        capture_output=True,
        text=True,
        check=True,
        timeout=IN_TIME,
        env=environment(_WECO_DEPLOY_COMPLETE=f"{shell}_source"),
    )

    assert "weco-deploy" in ran.stdout
