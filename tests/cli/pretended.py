"""The command line as a process, with the in-memory world as AWS, to which an image was just pushed.

The first argument may be

    halt=<call>           prints READY on stderr before this call is made first, then waits for a signal
    stall=<call>          the same, but the call never ends, like a call that AWS does not answer
    locked=<environment>  another user, ada, holds the environment
"""

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace

import weco_deploy.connect
from tests.world.gate import Call
from tests.world.world import World
from weco_deploy.cli.main import main
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.project import Project
from weco_deploy.ports import Ports

HALT = "halt="
STALL = "stall="
LOCKED = "locked="


def pretend(halt: str | None, locked: str | None = None, stall: str | None = None) -> None:
    def connect(
        project: Project,
        signals: Signals,
        *,
        purpose: str,
        trace: Callable[[str], None] | None = None,
        waiting: Callable[[str], None] | None = None,
    ) -> Ports:
        del purpose, trace, waiting
        world = World.of(project)
        world.push(project.images[0].id)
        if locked:
            world.somebody_locks(locked, holder="ada", reason="an audit")
        if halt:
            world.before(halt, lambda call: wait_for_signal(call, signals))
        if stall:
            world.before(stall, wait_for_nothing)
        return replace(world.ports(project), interrupts=signals)

    weco_deploy.connect.connect = connect


def wait_for_signal(call: Call, signals: Signals) -> None:
    os.write(2, f"READY for {call.name}\n".encode())
    never = threading.Event()
    while not signals.requested():
        never.wait(0.05)  # the handler runs between two steps


def wait_for_nothing(call: Call) -> None:
    os.write(2, f"READY for {call.name}\n".encode())
    threading.Event().wait()


if __name__ == "__main__":
    first = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1].startswith((HALT, STALL, LOCKED)) else ""
    name, _, value = first.partition("=")
    given = {f"{name}=": value}
    pretend(given.get(HALT), given.get(LOCKED), given.get(STALL))
    main()
