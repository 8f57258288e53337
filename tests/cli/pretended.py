"""The whole command line as a process, with the in-memory world for AWS, into which an image was just pushed.

With `halt=<call>` as the first argument it says READY on stderr before it makes that call the first time, and
stays there until a signal comes; with `locked=<environment>` somebody, ada, holds that environment.
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
LOCKED = "locked="


def pretend(halt: str | None, locked: str | None = None) -> None:
    def connect(
        project: Project, signals: Signals, *, purpose: str, trace: Callable[[str], None] | None = None
    ) -> Ports:
        del purpose, trace
        world = World.of(project)
        world.push(project.images[0].id)
        if locked:
            world.somebody_locks(locked, holder="ada", reason="an audit")
        if halt:
            world.before(halt, lambda call: wait_for_signal(call, signals))
        return replace(world.ports(project), interrupts=signals)

    weco_deploy.connect.connect = connect


def wait_for_signal(call: Call, signals: Signals) -> None:
    os.write(2, f"READY for {call.name}\n".encode())
    never = threading.Event()
    while not signals.requested():
        never.wait(0.05)  # the handler runs between two steps


if __name__ == "__main__":
    first = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1].startswith((HALT, LOCKED)) else ""
    name, _, value = first.partition("=")
    pretend(value if f"{name}=" == HALT else None, value if f"{name}=" == LOCKED else None)
    main()
