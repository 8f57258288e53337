"""A process to send signals to: runs the function that its argument names. It prints READY when it expects a signal."""

import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from weco_deploy.errors import Interrupted
from weco_deploy.local.clock import SystemClock
from weco_deploy.local.concurrent_calls import ConcurrentCalls
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


def not_deferred(process: Process) -> None:
    try:
        wait_without_clock()
    except Interrupted as error:
        say(f"raised {error.message}")
    process.clock.wait(0.01)
    say("waited")


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


def run_in_threads(
    process: Process, *functions: Callable[[Process], None], main: AbstractContextManager[None] | None = None
) -> None:
    """Run the functions as operations in threads of their own, while the main thread waits for them within `main`.

    `main` is a deferral unless the test says otherwise.
    """
    ended = threading.Semaphore(0)

    def operation(function: Callable[[Process], None]) -> None:
        process.signals.listen()
        try:
            function(process)
        finally:
            ended.release()

    def wait_for_all() -> None:
        for _ in functions:
            # Python runs no handler for a signal that comes just before the main thread blocks in a lock without a timeout.
            while not ended.acquire(timeout=0.05):
                pass

    try:
        with main or process.signals.deferred():
            for function in functions:
                threading.Thread(target=operation, args=[function]).start()  # noqa: TID251 - tests threads
            wait_for_all()
        say("main thread: not raised")
    except Interrupted:
        wait_for_all()
        say("main thread: raised")


def long_wait(process: Process) -> None:
    say("READY")
    try:
        process.clock.wait(LONG_SECONDS)
    except Interrupted:
        say("raised")


def wait_in_second_thread(process: Process) -> None:
    def wait_twice(process: Process) -> None:
        long_wait(process)
        process.clock.wait(0.01)
        say("waited again")

    run_in_threads(process, wait_twice)


def waits_in_two_threads(process: Process) -> None:
    both_ready = threading.Barrier(2, action=lambda: say("READY"))

    def wait(process: Process) -> None:
        both_ready.wait()
        try:
            process.clock.wait(LONG_SECONDS)
        except Interrupted:
            say("raised")

    run_in_threads(process, wait, wait)


def calls_in_second_thread(process: Process) -> None:
    def read(process: Process) -> None:
        calls = ConcurrentCalls(process.clock, action=process.signals.raise_if_requested, interval=0.01)
        unanswered = threading.Event()
        say("READY")
        try:
            calls.read([unanswered.wait])
        except Interrupted as error:
            say(f"raised {error.message}")
        unanswered.set()
        calls.read([lambda: threading.Event().wait(0.05)])
        say("read again")

    run_in_threads(process, read)


def deferral_in_second_thread(process: Process) -> None:
    def defer(process: Process) -> None:
        with process.signals.deferred():
            say("READY")
            while not process.signals.requested():
                pass
            process.signals.raise_if_requested()
        process.signals.raise_if_requested()
        try:
            process.clock.wait(LONG_SECONDS)
        except Interrupted:
            say("a wait ended")
        with process.signals.deferred():
            process.clock.wait(0.01)
        say("deferred again")

    run_in_threads(process, defer, main=nullcontext())


def signal_before_deferral_in_second_thread(process: Process) -> None:
    def defer_afterwards(process: Process) -> None:
        say("READY")
        while not process.signals.requested():
            pass
        try:
            with process.signals.deferred():
                say("began a change")
        except Interrupted as error:
            say(f"raised {error.message}")
        with process.signals.deferred():
            say("closed the record")

    run_in_threads(process, defer_afterwards)


def signal_before_second_operation(process: Process) -> None:
    def two_operations(process: Process) -> None:
        long_wait(process)
        process.signals.listen()
        try:
            process.clock.wait(LONG_SECONDS)
        except Interrupted:
            say("raised in the second operation")

    run_in_threads(process, two_operations)


def two_signals_in_second_thread(process: Process) -> None:
    def defer(process: Process) -> None:
        with process.signals.deferred():
            say("READY")
            while not process.signals.requested():
                pass
            say("READY")
            threading.Event().wait(LONG_SECONDS)

    run_in_threads(process, defer)


def after_installed(_: Process) -> None:
    """Does nothing: `main` waits after it has left `installed`."""


def main() -> None:
    signals = Signals()
    with signals.installed():
        globals()[sys.argv[1]](Process(signals, SystemClock(signals)))
    if sys.argv[1] == "after_installed":
        wait_without_clock()


main()
