"""Questions to the user at a real terminal, and the effect of the answers."""

import json
import os
import pty
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import preloaded
from tests.cli.desk import PROJECT_FILE
from weco_deploy.cli import prompts
from weco_deploy.cli.invocation import Settings
from weco_deploy.report.screen import Screen

ROOT = Path(__file__).parents[2]
IN_TIME = 60
BAKERY = (
    PROJECT_FILE.replace("shop:", "bakery:")
    .replace("id: search", "id: oven")
    .replace("id: items", "id: bread")
)


class Terminal:
    """stdin and stderr are a terminal; stdout is a pipe, as in `release=$(weco-deploy …)`."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self._process = process
        self._screen = screen
        self.shown = ""

    def answer(self, question: str, text: str) -> None:
        """Type `text` once `question` is the last text on the screen."""
        shown_before = len(self.shown)
        while not (question in self.shown[shown_before:] and self.shown.endswith(": ")):
            if not self._more():
                raise AssertionError(f"{question!r} was not asked: {self.shown}")
        os.write(self._screen, f"{text}\n".encode())

    def ends(self) -> tuple[int, Any]:
        """The exit code, and the JSON on stdout (None if there is none)."""
        while self._more():
            pass
        out, _ = self._process.communicate(timeout=IN_TIME)
        return self._process.returncode, json.loads(out) if out.strip() else None

    def _more(self) -> bool:
        readable, _, _ = select.select([self._screen], [], [], IN_TIME)
        if not readable:
            raise AssertionError(f"nothing happens any more: {self.shown}")
        try:
            read = os.read(self._screen, 4096)
        except OSError:  # Linux's error if the other end of the terminal is closed
            return False
        self.shown += read.decode(errors="replace")
        return bool(read)


@contextmanager
def terminal(
    *arguments: str, project_file: str = PROJECT_FILE, pretended: str | None = None
) -> Iterator[Terminal]:
    Path(".wellcome_project").write_text(project_file)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [
            *(*preloaded.program("tests.cli.pretended"), *([pretended] if pretended else [])),
            *("--output", "json", *arguments),
        ],
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "TERM": "dumb"},
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(process, ours)
        finally:
            process.kill()
            os.close(ours)


def test_release_deploy_asks_for_label_environment_description_and_approval() -> None:
    with terminal("release-deploy") as person:
        person.answer("Label to make the release from [latest]", "")
        person.answer("Environment to deploy to (stage, prod) [stage]", "prod")
        person.answer("Description [No description provided]", "Weekly release")
        person.answer("services? [y/N]", "y")
        code, document = person.ends()

    assert code == 0
    deployment = document["deployment"]
    assert (deployment["environment"], deployment["description"]) == ("prod", "Weekly release")


def test_plan_is_shown_before_the_question() -> None:
    with terminal("release-deploy", "--description", "x", "--from-label", "latest") as person:
        person.answer("Environment", "")
        person.answer("[y/N]", "yes")
        person.ends()

    assert 0 < person.shown.index("Plan: deploy") < person.shown.index("Deploy a new release")


def test_given_values_are_not_asked_for() -> None:
    with terminal(
        "release-deploy", "--from-label", "latest", "--environment-id", "stage", "--description", "x"
    ) as person:
        person.answer("[y/N]", "y")
        code, _ = person.ends()

    assert code == 0
    assert person.shown.count("]: ") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--environment-id", "stgae"),
        ("deploy", "--environment-id", "stgae"),
        ("release-deploy", "--environment-id", "stgae"),
        ("confirm-deploy", "--environment-id", "stgae"),
        ("update", "--image-ids", "serach"),
        ("deploy", "--release-id", "nosuch"),
        ("plan", "--release-id", "nosuch"),
        ("rollback", "--to-release", "nosuch"),
        ("rollback", "--environment-id", "stage", "--to-release", "nosuch"),
        ("confirm-deploy", "--release-id", "nosuch"),
    ],
    ids=" ".join,
)
def test_mistyped_id_is_refused_before_the_first_question(arguments: tuple[str, ...]) -> None:
    with terminal(*arguments) as person:
        code, document = person.ends()

    assert (code, document["error"]["code"]) == (1, "not_found")
    assert "]: " not in person.shown


def test_answering_no_is_exit_code_1_and_deploys_nothing() -> None:
    with terminal(
        "release-deploy", "--from-label", "latest", "--environment-id", "stage", "--description", "x"
    ) as person:
        person.answer("[y/N]", "")
        code, document = person.ends()

    assert code == 1
    assert document["error"]["code"] == "declined"


def test_answer_that_is_not_a_choice_is_asked_for_again() -> None:
    with terminal("--dry-run", "release-deploy", "--from-label", "latest") as person:
        person.answer("Environment to deploy to", "nowhere")
        person.answer("Please answer one of: stage, prod.", "prod")
        code, document = person.ends()

    assert code == 0
    assert document["plan"]["environment"] == "prod"


def test_answer_that_is_neither_yes_nor_no_is_asked_for_again() -> None:
    with terminal(
        "release-deploy", "--from-label", "latest", "--environment-id", "stage", "--description", "x"
    ) as person:
        person.answer("[y/N]", "perhaps")
        person.answer("Please answer y or n.", "n")
        code, _ = person.ends()

    assert code == 1


def test_confirm_asks_nothing() -> None:
    with terminal("--confirm", "release-deploy") as person:
        code, document = person.ends()

    assert code == 0
    assert document["deployment"]["environment"] == "stage"
    assert "]: " not in person.shown


def test_dry_run_asks_for_no_approval() -> None:
    with terminal("--dry-run", "release-deploy") as person:
        person.answer("Label", "")
        person.answer("Environment", "")
        code, document = person.ends()

    assert code == 0
    assert set(document) == {"plan"}


def test_project_is_asked_for_if_there_are_several() -> None:
    with terminal("prepare", "--from-label", "latest", project_file=PROJECT_FILE + BAKERY) as person:
        person.answer("Project (shop, bakery)", "bakery")
        person.answer("Description", "Bread")
        code, document = person.ends()

    assert code == 0
    assert document["release"]["project_id"] == "bakery"


def test_update_asks_for_release_images_and_label() -> None:
    with terminal("update") as person:
        person.answer("Release to update [latest]", "")
        person.answer("Image ids, with commas between them (search, items)", "search")
        person.answer("Label", "")
        code, document = person.ends()

    assert code == 1
    assert document["error"]["code"] == "not_found"  # there is no release yet


def test_confirm_deploy_asks_for_release_and_environment() -> None:
    with terminal("confirm-deploy") as person:
        person.answer("[the environment's last deployment]", "")
        person.answer("Environment", "prod")
        code, document = person.ends()

    assert code == 1
    assert document["error"]["code"] == "not_found"  # nothing was deployed yet


def test_promote_offers_stage_and_prod() -> None:
    with terminal("promote") as person:
        person.answer("Environment to promote from (stage, prod) [stage]", "")
        person.answer("Environment to promote to (stage, prod) [prod]", "")
        person.answer("Description [Promoted from stage]", "")
        code, document = person.ends()

    assert code == 1
    assert document["error"]["message"] == "nothing was deployed to stage yet"


def test_promote_with_confirm_at_a_terminal_uses_stage_and_prod() -> None:
    with terminal("--confirm", "promote") as person:
        code, document = person.ends()

    assert code == 1
    assert document["error"]["message"] == "nothing was deployed to stage yet"
    assert "]: " not in person.shown


def test_promote_offers_only_the_projects_environments() -> None:
    with terminal("promote", project_file=PROJECT_FILE.replace("id: prod", "id: live")) as person:
        person.answer("Environment to promote from (stage, live) [stage]", "")
        person.answer("Environment to promote to (stage, live): ", "live")
        person.answer("Description", "")
        code, _ = person.ends()

    assert code == 1


def test_rollback_asks_for_environment_and_release_and_offers_no_environment() -> None:
    with terminal("rollback") as person:
        person.answer("Environment to roll back (stage, prod): ", "prod")
        person.answer("Release to go back to [the last one that worked before]", "")
        code, document = person.ends()

    assert code == 1
    assert document["error"]["code"] == "not_found"
    assert "Description" not in person.shown  # there is nothing to describe


def test_rollback_with_confirm_needs_the_environment() -> None:
    with terminal("--confirm", "rollback") as person:
        code, document = person.ends()

    assert code == 2
    assert "--environment-id" in document["error"]["message"]


def test_lock_asks_for_environment_and_reason() -> None:
    with terminal("lock") as person:
        person.answer("Environment to lock (stage, prod): ", "prod")
        person.answer("Reason [none]", "an audit")
        code, document = person.ends()

    assert code == 0
    assert (document["lock"]["environment"], document["lock"]["reason"]) == ("prod", "an audit")


@pytest.mark.parametrize(("answer", "ends"), [("y", 0), ("n", 1), ("", 1)])
def test_unlock_shows_whose_lock_it_is_and_asks(answer: str, ends: int) -> None:
    with terminal("unlock", "--force", pretended="locked=prod") as person:
        person.answer("Environment to unlock (stage, prod): ", "prod")
        person.answer("This lock is not yours. Release it? [y/N]", answer)
        code, document = person.ends()

    assert code == ends
    assert 0 < person.shown.index("locked by ada") < person.shown.index("Release it?")
    assert set(document) == ({"unlocked"} if ends == 0 else {"error"})


def test_end_of_the_input_is_no_approval() -> None:
    with terminal("prepare") as person:
        person.answer("Label", "\x04\x04")
        code, document = person.ends()

    assert code == 1
    assert document["error"]["code"] == "declined"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_question_and_answer_fit_the_terminal_and_no_word_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = (
        "Deploy release 8f14e45f (12 commits by 4 people) to prod in account 111122223333, eu-west-1, where c9f0f895 has "
        "been running since Monday: move 3 tags, redeploy 5 of 40 services?"
    )
    shown: list[str] = []

    def read(prompt: str) -> str:
        shown.append(prompt)
        return "yes"

    monkeypatch.setattr(Screen, "of", lambda _: Screen(width=width, terminal=True))
    monkeypatch.setattr(prompts, "_read", read)
    monkeypatch.setattr(prompts, "may_ask", lambda _: True)

    assert prompts.agrees(Settings(), question)
    assert max(len(f"{line}yes") for line in shown[0].splitlines()) <= width
    assert " ".join(shown[0].split()) == f"{question} [y/N]:"
    assert shown[0].endswith(": ")
