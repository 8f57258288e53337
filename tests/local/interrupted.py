"""A process to send signals to. It says on stdout how far it is; `READY` asks for a signal."""

import os
import sys
import threading
from typing import NamedTuple

from weco_deploy.errors import Interrupted
from weco_deploy.local.clock import SystemClock
from weco_deploy.local.interrupts import Signals

LONG = 600.0


class Here(NamedTuple):
    signals: Signals
    clock: SystemClock


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its reader is the test


def stand_by() -> None:
    """Do something that is no wait of the clock, until a signal ends it."""
    say("READY")
    threading.Event().wait(LONG)


def outside(_: Here) -> None:
    try:
        stand_by()
    except Interrupted as error:
        say(f"raised {error.message}")


def inside(here: Here) -> None:
    with here.signals.deferred():
        say("READY")
        while not here.signals.requested():
            pass
        say("not raised")
    say("left")


def waiting(here: Here) -> None:
    with here.signals.deferred():
        say("READY")
        try:
            here.clock.wait(LONG)
        except Interrupted:
            say(f"raised, requested {here.signals.requested()}")
        here.clock.wait(0.01)
        say("waited again")


def before_waiting(here: Here) -> None:
    with here.signals.deferred():
        say("READY")
        while not here.signals.requested():
            pass
        try:
            here.clock.wait(LONG)
        except Interrupted:
            say("raised")


def twice(here: Here) -> None:
    with here.signals.deferred():
        say("READY")
        while not here.signals.requested():
            pass
        sys.stdout.write("in the buffer\n")
        os.write(1, b"READY\n")  # past the buffer
        threading.Event().wait(LONG)


def swallowed(here: Here) -> None:
    try:
        stand_by()
    except Exception:  # noqa: BLE001 - as libraries do
        say("swallowed")
    try:
        with here.signals.deferred():
            say("began a change")
    except Interrupted:
        say("no change began")


def in_a_thread(here: Here) -> None:
    ended = threading.Event()

    def work() -> None:
        here.clock.wait(0.2)
        ended.set()

    thread = threading.Thread(target=work)  # noqa: TID251 - a worker is what this is about
    with here.signals.deferred():
        thread.start()
        say("READY")
        while not here.signals.requested():
            pass
        thread.join()
        say(f"the worker ended well: {ended.is_set()}")


def restored(_: Here) -> None:
    """Nothing: what counts happens after `installed`."""


def main() -> None:
    signals = Signals()
    with signals.installed():
        globals()[sys.argv[1]](Here(signals, SystemClock(signals)))
    if sys.argv[1] == "restored":
        stand_by()


main()
