"""Signals sent to real processes, which report when they are ready for a signal."""

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
TIMEOUT_SECONDS = 30


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
        """Its exit code and its other lines, once it has ended."""
        output, _ = self._process.communicate(timeout=TIMEOUT_SECONDS)
        return self._process.returncode, output.decode().splitlines()


@contextmanager
def process(function: str) -> Iterator[Process]:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), function],
        stdout=subprocess.PIPE,
        bufsize=0,  # reads no further than the line READY
        env={**os.environ, "PYTHONPATH": str(SOURCES), "PYTHONUNBUFFERED": ""},
    ) as started:
        try:
            yield Process(started)
        finally:
            started.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_raises_at_once_unless_deferred_and_ends_no_later_wait(number: signal.Signals) -> None:
    with process("not_deferred") as running:
        running.send(number)
        assert running.ended() == (0, [f"raised interrupted by {number.name}", "waited"])


def test_deferred_signal_raises_neither_at_once_nor_afterwards() -> None:
    with process("deferred") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (0, ["not raised", "left"])


def test_deferred_signal_ends_only_one_wait() -> None:
    with process("deferred_wait") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["raised, requested True", "waited again"])


def test_deferred_signal_before_a_wait_ends_the_wait_at_once() -> None:
    with process("signal_before_deferred_wait") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["raised"])


def test_second_signal_flushes_output_and_exits_with_130() -> None:
    with process("two_signals") as running:
        running.send(signal.SIGINT)
        running.send(signal.SIGTERM)
        assert running.ended() == (130, ["in the buffer"])


def test_deferred_raises_an_interruption_that_a_library_swallowed() -> None:
    with process("swallowed_by_library") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["swallowed", "no change began"])


def test_signal_does_not_end_the_wait_of_a_worker_thread() -> None:
    with process("wait_in_worker") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["the worker ended well: True"])


def test_signal_ends_the_wait_of_an_operation_in_another_thread_once() -> None:
    with process("wait_in_second_thread") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (0, ["raised", "waited again", "main thread: not raised"])


def test_signal_ends_the_waits_of_all_operations() -> None:
    with process("waits_in_two_threads") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (0, ["raised", "raised", "main thread: not raised"])


def test_signal_ends_the_wait_for_calls_of_an_operation_in_another_thread_once() -> None:
    with process("calls_in_second_thread") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (
            0,
            ["raised interrupted by SIGTERM", "read again", "main thread: not raised"],
        )


def test_deferral_of_one_thread_does_not_defer_the_signal_in_another() -> None:
    with process("deferral_in_second_thread") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (0, ["a wait ended", "deferred again", "main thread: raised"])


def test_deferral_does_not_begin_in_another_thread_after_a_signal() -> None:
    with process("signal_before_deferral_in_second_thread") as running:
        running.send(signal.SIGINT)
        assert running.ended() == (
            0,
            ["raised interrupted by SIGINT", "closed the record", "main thread: not raised"],
        )


def test_signal_also_ends_the_next_operation_of_the_same_thread() -> None:
    with process("signal_before_second_operation") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (
            0,
            ["raised", "raised in the second operation", "main thread: not raised"],
        )


def test_second_signal_exits_with_130_while_another_thread_defers() -> None:
    with process("two_signals_in_second_thread") as running:
        running.send(signal.SIGINT)
        running.send(signal.SIGINT)
        assert running.ended() == (130, [])


def test_installed_restores_the_previous_handlers() -> None:
    with process("after_installed") as running:
        running.send(signal.SIGTERM)
        assert running.ended() == (-signal.SIGTERM, [])


def test_sighup_stays_ignored_under_nohup() -> None:
    previous = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals().installed():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, previous)
