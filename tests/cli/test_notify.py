"""Messages about deployments, and the command `notify`, from arguments to exit codes, on the in-memory world."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desk import PROJECT_FILE, Desk
from tests.local.message_server import message_server
from tests.operations.runs import LEASE_AND_GRACE, killed
from tests.world.behaviour import crash
from weco_deploy.errors import AccessDenied
from weco_deploy.local.event_sinks import EventDispatcher
from weco_deploy.local.messenger import AppriseMessenger
from weco_deploy.ports import Ports

URL = "slack://s3cret"
DEPLOY = ("--confirm", "--output", "json", "release-deploy", "--environment-id", "stage")
ALL = "started, succeeded, failed, rolled_back, waiting"


def notify(desk: Desk, text: str = f"[{{url_from: env:SLACK, events: [{ALL}]}}]") -> None:
    """Add destinations to the project file, with the URL in SLACK."""
    Path(".wellcome_project").write_text(f"{PROJECT_FILE}  notify: {text}\n")
    desk.world.mail.secrets["env:SLACK"] = URL


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait in the end for sinks that hang, but not for five seconds."""
    monkeypatch.setattr(EventDispatcher.close, "__defaults__", (0.05,))


def test_deployment_is_announced_and_its_success_too(desk: Desk) -> None:
    notify(desk)
    desk.world.push("search")

    ran = desk.run(*DEPLOY)

    release = ran.json["deployment"]["release_id"][:8]
    started, succeeded = desk.world.mail.sent
    assert ran.code == 0
    assert started[0] == succeeded[0] == URL
    assert started[1].title == f"Shop: … Release {release} to stage started"
    assert succeeded[1].title.startswith(f"Shop: ✓ Release {release} to stage succeeded after ")
    assert "ada:\n- " in succeeded[1].body
    assert "warning" not in ran.err


def test_failed_deployment_that_is_rolled_back_is_one_message(desk: Desk) -> None:
    desk.run(*DEPLOY)
    notify(desk, "[{url_from: env:SLACK}]")
    desk.world.push("search", crash(code=3))

    ran = desk.run(*DEPLOY, "--rollback-on-failure")

    ((_, message),) = desk.world.mail.sent
    assert ran.code == 1
    assert "failed and was rolled back" in message.title
    assert "exit code 3" in message.body


def test_git_is_asked_for_the_commits_once_and_only_if_a_message_contains_them(desk: Desk) -> None:
    both = "{url_from: env:SLACK, events: [started, succeeded]}, {url_from: env:TEAMS, events: [failed]}"
    plain = "{url_from: env:SLACK, events: [succeeded], templates: {succeeded: 'It is there.'}}"
    asked = {}
    for text in ("[]", f"[{plain}]", f"[{both}]"):
        notify(desk, text)
        desk.world.mail.secrets["env:TEAMS"] = "msteams://s3cret"
        desk.world.push("search")
        before = len(desk.world.calls)
        assert desk.run(*DEPLOY).code == 0
        asked[text] = Counter(call.name for call in desk.world.calls[before:])["history.between"]

    assert asked == {"[]": 0, f"[{plain}]": 0, f"[{both}]": 1}


def test_waiting_for_a_lock_is_a_message(desk: Desk) -> None:
    notify(desk, "[{url_from: env:SLACK, events: [waiting]}]")
    desk.run("lock", "--environment-id", "stage", "--reason", "an audit")

    ran = desk.run(*DEPLOY, "--wait-for-lock", "20")

    assert ran.code == 4
    (title,) = desk.world.mail.titles
    assert title.startswith("Shop: a deployment to stage waits: ")
    assert "an audit" in title


def test_only_destinations_of_the_environment_get_messages(desk: Desk) -> None:
    notify(desk, "[{url_from: env:SLACK, environments: [prod]}]")

    desk.run(*DEPLOY)

    assert desk.world.mail.sent == []


@pytest.mark.parametrize("arguments", [("--dry-run", *DEPLOY), ("plan",)])
def test_plans_send_nothing(desk: Desk, arguments: tuple[str, ...]) -> None:
    notify(desk)

    desk.run(*arguments)

    assert desk.world.mail.sent == []


def test_confirmed_deployment_is_a_message_only_if_its_record_changes(desk: Desk) -> None:
    desk.run(*DEPLOY)
    notify(desk)

    desk.run("confirm-deploy", "--environment-id", "stage")

    assert desk.world.mail.sent == []


def test_failed_messages_are_one_warning_and_change_no_result(desk: Desk) -> None:
    notify(desk)
    desk.world.mail.fails[URL] = "the service answered 500"

    ran = desk.run(*DEPLOY)

    assert (ran.code, ran.json["deployment"]["status"]) == (0, "succeeded")
    assert ran.err.count("warning") == 1
    assert "warning: env:SLACK did not get 2 events of this run: the service answered 500" in ran.err
    assert "s3cret" not in ran.err


def calls_and_duration(desk: Desk, *more: str) -> tuple[list[str], timedelta]:
    """The calls of a deployment, but for those that only messages need, and how long it took."""
    desk.world.push("search")
    before = len(desk.world.calls)
    ran = desk.run(*DEPLOY, *more)
    deployment = ran.json["deployment"]
    assert (ran.code, deployment["status"]) == (0, "succeeded")
    began, ended = (datetime.fromisoformat(deployment[key]) for key in ("date_created", "date_finished"))
    calls = [call.name for call in desk.world.calls[before:]]
    return [name for name in calls if not name.startswith("history.")], ended - began


@pytest.mark.usefixtures("brief")
def test_destination_that_hangs_changes_neither_verdict_nor_timing_nor_other_messages(desk: Desk) -> None:
    calls_and_duration(desk)
    usual = calls_and_duration(desk)
    notify(desk, f"[{{url_from: env:HANGS, events: [{ALL}]}}, {{url_from: env:SLACK}}]")
    released = threading.Event()
    desk.world.mail.secrets["env:HANGS"] = "json://hangs"
    desk.world.mail.hangs["json://hangs"] = released
    try:
        disturbed = calls_and_duration(desk)
    finally:
        released.set()

    assert disturbed[1] == usual[1]
    assert Counter(disturbed[0]) == Counter(usual[0])
    assert [url for url, _ in desk.world.mail.sent if url == URL] == [URL]


@pytest.mark.usefixtures("brief")
def test_destination_that_does_not_answer_in_time_is_a_warning(desk: Desk) -> None:
    notify(desk)
    released = threading.Event()
    desk.world.mail.hangs[URL] = released
    try:
        ran = desk.run(*DEPLOY)
    finally:
        released.set()

    assert ran.code == 0
    assert "warning: env:SLACK did not get" in ran.err
    assert "of this run: it did not answer in time" in ran.err


def with_apprise(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send messages with apprise, to URLs on loopback."""
    usual = desk.world.ports

    def ports(*arguments: Any, **named: Any) -> Ports:
        return replace(usual(*arguments, **named), messenger=AppriseMessenger())

    monkeypatch.setattr(desk.world, "ports", ports)


@pytest.mark.parametrize(
    ("status", "warning"),
    [(200, ""), (500, "warning: env:SLACK did not get 1 event of this run: the service answered 500")],
)
def test_apprise_sends_the_last_message_before_the_process_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, status: int, warning: str
) -> None:
    monkeypatch.setattr(EventDispatcher.close, "__defaults__", (60.0,))  # on a busy machine, too
    with_apprise(desk, monkeypatch)
    notify(desk, "[{url_from: env:SLACK}]")
    with message_server() as server:
        server.status = status
        desk.world.mail.secrets["env:SLACK"] = server.url

        ran = desk.run(*DEPLOY)

    assert ran.code == 0
    assert len(server.received) == 1
    assert warning in ran.err
    assert ("warning" in ran.err) == bool(warning)
    assert "s3cret" not in ran.err


@pytest.mark.usefixtures("brief")
def test_server_that_hangs_holds_up_neither_the_verdict_nor_the_process(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = calls_and_duration(desk)
    with_apprise(desk, monkeypatch)
    notify(desk, f"[{{url_from: env:SLACK, events: [{ALL}]}}]")
    with message_server() as server:
        server.hangs = True
        desk.world.mail.secrets["env:SLACK"] = server.url

        disturbed = calls_and_duration(desk)

    assert disturbed[1] == usual[1]


def test_without_the_extra_there_is_one_warning_and_no_failure(desk: Desk) -> None:
    notify(desk, "[{url_from: env:SLACK}, {url_from: env:OTHER}]")
    desk.world.mail.installed = False

    ran = desk.run(*DEPLOY)

    assert ran.code == 0
    assert ran.err.count("warning") == 1
    assert "no messages are sent: they need a package that is not installed: pip install" in ran.err


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "env:SLACK is not set"),
        ("nonsense", "it holds no URL of a service that apprise knows"),
        (AccessDenied("ssm:GetParameter", "denied"), "ssm:GetParameter: denied"),
    ],
)
def test_destination_without_a_usable_url_is_a_warning(
    desk: Desk, value: str | AccessDenied | None, why: str
) -> None:
    notify(desk, "[{url_from: env:SLACK}]")
    if value is None:
        del desk.world.mail.secrets["env:SLACK"]
    else:
        desk.world.mail.secrets["env:SLACK"] = value

    ran = desk.run(*DEPLOY)

    assert ran.code == 0
    assert f"warning: env:SLACK did not get 1 event of this run: {why}" in ran.err
    assert "nonsense" not in ran.err


def test_notify_shows_the_destinations_and_sends_nothing(desk: Desk) -> None:
    notify(desk, "[{url_from: env:SLACK, events: [failed]}]")

    ran = desk.run("notify")

    assert ran.code == 0
    assert ran.out == "-     env:SLACK\n      about stage, prod: failed\n"
    assert desk.world.mail.sent == []
    assert desk.connections == []


def test_notify_test_sends_a_message_to_each_destination_and_reports_each(desk: Desk) -> None:
    notify(desk, "[{url_from: env:SLACK}, {url_from: env:MISSING}]")

    ran = desk.run("--output", "json", "notify", "--test")

    assert ran.code == 1
    assert [(it["url_from"], it["sent"], it["problem"]) for it in ran.json["destinations"]] == [
        ("env:SLACK", True, None),
        ("env:MISSING", False, "env:MISSING is not set"),
    ]
    assert desk.world.mail.titles == ["Shop: a test message"]


def test_notify_test_in_words(desk: Desk) -> None:
    notify(desk, "[{url_from: env:SLACK}, {url_from: env:MISSING}]")

    ran = desk.run("notify", "--test")

    assert ran.out.splitlines()[::2] == ["SENT  env:SLACK", "FAIL  env:MISSING: env:MISSING is not set"]
    assert URL not in ran.out


def test_dry_run_of_a_test_sends_nothing(desk: Desk) -> None:
    notify(desk)

    ran = desk.run("--dry-run", "notify", "--test")

    assert (ran.code, desk.world.mail.sent) == (0, [])
    assert "dry run" in ran.err


def test_notify_test_without_the_extra_fails(desk: Desk) -> None:
    notify(desk)
    desk.world.mail.installed = False

    ran = desk.run("notify", "--test")

    assert ran.code == 1
    assert "pip install 'weco-deploy[notify]'" in ran.out


@pytest.mark.parametrize(("arguments", "where"), [((), ""), (("--environment-id", "stage"), " for stage")])
def test_notify_without_destinations_is_not_found(desk: Desk, arguments: tuple[str, ...], where: str) -> None:
    notify(desk, "[{url_from: env:SLACK, environments: [prod]}]" if arguments else "[]")

    ran = desk.run("--output", "json", "notify", *arguments)

    assert (ran.code, ran.error["code"]) == (1, "not_found")
    assert ran.error["message"] == f"project shop has no destinations of messages{where}"


def test_deployment_that_was_cut_off_ends_with_a_message_by_confirm_deploy(desk: Desk) -> None:
    desk.world.push("search")
    left = killed(desk.world, "runtime.redeploy")
    desk.world.pass_time(LEASE_AND_GRACE)
    notify(desk)

    assert desk.run("--confirm", "confirm-deploy", "--environment-id", "stage").code == 0

    (title,) = desk.world.mail.titles
    assert title.startswith(f"Shop: ✓ Release {left.release_id[:8]} to stage succeeded")
