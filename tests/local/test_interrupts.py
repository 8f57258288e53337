"""Real signals to real processes; they say when they are ready, so nothing here has to guess."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from weco_deploy.local.interrupts import Signals

SCRIPT = Path(__file__).with_name("interrupted.py")
SOURCES = Path(__file__).parents[2] / "src"
IN_TIME = 30


class Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def send(self, number: signal.Signals) -> None:
        """Send a signal once the process says that it is ready for it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == b"READY\n":
                self._process.send_signal(number)
                return
        raise AssertionError("it ended before it was ready")

    def ended(self) -> tuple[int, list[str]]:
        """Its exit code and what else it said."""
        said, _ = self._process.communicate(timeout=IN_TIME)
        return self._process.returncode, said.decode().splitlines()


@contextmanager
def process(scene: str) -> Iterator[Process]:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), scene],
        stdout=subprocess.PIPE,
        bufsize=0,  # nothing is read ahead of the line that says READY
        env={**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONUNBUFFERED": ""},
    ) as started:
        try:
            yield Process(started)
        finally:
            started.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_raises_at_once_where_it_is_not_deferred(number: signal.Signals) -> None:
    with process("outside") as running:
        running.send(number)
        assert running.ended() == (0, [f"raised interrupted by {number.name}"])


def test_a_deferred_signal_raises_neither_at_once_nor_afterwards() -> None:
    with process("inside") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (0, ["not raised", "left"])


def test_a_deferred_signal_ends_a_wait_once_and_leaves_later_waits_alone() -> None:
    with process("waiting") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["raised, requested True", "waited again"])


def test_a_deferred_signal_that_came_before_the_wait_ends_it_at_once() -> None:
    with process("before_waiting") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["raised"])


def test_a_second_signal_exits_at_once_with_130_and_what_was_written() -> None:
    with process("twice") as running:
        running.send(signal.SIGINT)
        running.send(signal.SIGTERM)
        assert running.ended() == (130, ["in the buffer"])


def test_no_change_begins_after_an_interruption_that_a_library_swallowed() -> None:
    with process("swallowed") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["swallowed", "no change began"])


def test_a_worker_s_wait_goes_on_because_its_change_is_awaited() -> None:
    with process("in_a_thread") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["the worker ended well: True"])


def test_afterwards_signals_do_what_they_did_before() -> None:
    with process("restored") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (-signal.SIGTERM, [])


def test_a_hangup_is_ignored_where_nohup_said_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals().installed():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
