"""A process to send signals to: runs the function that its argument names. It prints READY when it expects a signal."""

import os
import sys
import threading
from typing import NamedTuple

from weco_deploy.errors import Interrupted
from weco_deploy.local.clock import SystemClock
from weco_deploy.local.interrupts import Signals

LONG_SECONDS = 600.0


class Process(NamedTuple):
    signals: Signals
    clock: SystemClock


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the test reads it


def wait_without_clock() -> None:
    """Wait for a signal, but not with the clock."""
    say("READY")
    threading.Event().wait(LONG_SECONDS)


def not_deferred(_: Process) -> None:
    try:
        wait_without_clock()
    except Interrupted as error:
        say(f"raised {error.message}")


def deferred(process: Process) -> None:
    with process.signals.deferred():
        say("READY")
        while not process.signals.requested():
            pass
        say("not raised")
    say("left")


def deferred_wait(process: Process) -> None:
    with process.signals.deferred():
        say("READY")
        try:
            process.clock.wait(LONG_SECONDS)
        except Interrupted:
            say(f"raised, requested {process.signals.requested()}")
        process.clock.wait(0.01)
        say("waited again")


def signal_before_deferred_wait(process: Process) -> None:
    with process.signals.deferred():
        say("READY")
        while not process.signals.requested():
            pass
        try:
            process.clock.wait(LONG_SECONDS)
        except Interrupted:
            say("raised")


def two_signals(process: Process) -> None:
    with process.signals.deferred():
        say("READY")
        while not process.signals.requested():
            pass
        sys.stdout.write("in the buffer\n")
        os.write(1, b"READY\n")  # bypasses the buffer
        threading.Event().wait(LONG_SECONDS)


def swallowed_by_library(process: Process) -> None:
    try:
        wait_without_clock()
    except Exception:  # noqa: BLE001 - libraries do this
        say("swallowed")
    try:
        with process.signals.deferred():
            say("began a change")
    except Interrupted:
        say("no change began")


def wait_in_worker(process: Process) -> None:
    ended = threading.Event()

    def work() -> None:
        process.clock.wait(0.2)
        ended.set()

    thread = threading.Thread(target=work)  # noqa: TID251 - tests a worker thread
    with process.signals.deferred():
        thread.start()
        say("READY")
        while not process.signals.requested():
            pass
        thread.join()
        say(f"the worker ended well: {ended.is_set()}")


def after_installed(_: Process) -> None:
    """Does nothing: `main` waits after it has left `installed`."""


def main() -> None:
    signals = Signals()
    with signals.installed():
        globals()[sys.argv[1]](Process(signals, SystemClock(signals)))
    if sys.argv[1] == "after_installed":
        wait_without_clock()


main()
