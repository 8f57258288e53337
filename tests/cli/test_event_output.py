"""How events are shown and passed on. Errors in showing them never end a deployment."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TextIO

import pytest

from tests.cli.desk import Desk
from tests.report.samples import DEPLOYMENT_ID, deployment
from weco_deploy.cli import streams
from weco_deploy.cli.error_report import report
from weco_deploy.cli.event_output import EventOutput
from weco_deploy.cli.invocation import Invocation
from weco_deploy.errors import AwsError, Interrupted
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.events import Envelope, Event, Notice, Settled


class Gone(io.StringIO):
    """A stream whose reader is gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


class Shown:
    """Records when showing progress begins and ends, and the shown events."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    @contextmanager
    def progress(self, _: TextIO, __: Callable[[], datetime]) -> Iterator[Callable[[Event], None]]:
        self.noted.append("begins")
        yield lambda event: self.noted.append(type(event).__name__)
        self.noted.append("ends")


def now() -> datetime:
    return datetime(2026, 3, 4, tzinfo=UTC)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    shown = Shown()
    monkeypatch.setattr("weco_deploy.cli.event_output.progress", shown.progress)
    return shown


def test_reader_of_progress_that_exits_does_not_end_the_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silenced: list[object] = []
    monkeypatch.setattr("weco_deploy.cli.event_output.silence", silenced.append)
    stream = Gone()
    monkeypatch.setattr("sys.stderr", stream)

    with EventOutput(Invocation(Signals()), now) as output:
        output(Notice("something happened"))

    assert silenced == [stream]


def test_progress_begins_with_the_first_event(shown: Shown) -> None:
    with EventOutput(Invocation(Signals()), now):
        pass

    assert shown.noted == []


def test_progress_pauses_for_a_question(shown: Shown) -> None:
    with EventOutput(Invocation(Signals()), now) as output:
        output(Notice("before"))
        output.pause()
        shown.noted.append("question")
        output(Notice("after"))

    assert shown.noted == ["begins", "Notice", "ends", "question", "begins", "Notice", "ends"]


def test_automatic_rollback_does_not_replace_the_recorded_deployment(shown: Shown) -> None:
    invocation = Invocation(Signals())
    ours = deployment(status=DeploymentStatus.FAILED)
    with EventOutput(invocation, now) as output:
        output(Settled(ours))
        output(Settled(replace(ours, deployment_id="another")))

    assert invocation.recorded is not None
    assert invocation.recorded.deployment_id == DEPLOYMENT_ID
    assert shown.noted.count("Settled") == 2


def test_interruption_that_a_library_turned_into_a_broken_connection_is_still_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signals = Signals()
    monkeypatch.setattr(signals, "requested", lambda: True)

    code = report(AwsError("ecs:ListTasks", "connection broken"), Invocation(signals))

    assert code == 130
    assert capsys.readouterr().err.startswith("error: interrupted")


def test_failing_sink_is_named_after_the_result_and_changes_no_exit_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sink(_: Envelope) -> None:
        raise ConnectionError("nobody\nanswers")

    monkeypatch.setattr("weco_deploy.cli.main.Invocation", partial(Invocation, event_sinks={"chat": sink}))
    desk.world.push("search")

    ran = desk.run("--confirm", "release-deploy")

    assert ran.code == 0
    assert "succeeded" in ran.out
    last = ran.err.splitlines()[-1]
    assert last.startswith("warning: chat did not get ")
    assert last.endswith(" events of this run: ConnectionError: nobody answers")


def test_blocked_sink_is_waited_for_only_after_the_result_is_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    written: list[str] = []
    real = streams.write_result

    def write(text: str) -> None:
        written.append(text)
        real(text)
        released.set()

    monkeypatch.setattr("weco_deploy.cli.output.write_result", write)

    def blocked(_: Envelope) -> None:
        released.wait(60)

    monkeypatch.setattr("weco_deploy.cli.main.Invocation", partial(Invocation, event_sinks={"chat": blocked}))
    desk.world.push("search")

    ran = desk.run("--confirm", "release-deploy")

    assert ran.code == 0
    assert len(written) == 1
    assert "warning" not in ran.err


def test_signal_during_the_wait_for_sinks_ends_the_wait_and_keeps_the_exit_code(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Invocation) -> None:
        raise Interrupted("interrupted")

    monkeypatch.setattr("weco_deploy.cli.event_output.close_sinks", interrupted)

    assert desk.run("--confirm", "release-deploy").code == 0
