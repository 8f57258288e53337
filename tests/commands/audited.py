"""The command line as a process that notes which processes it starts and which files it writes.

A line of JSON for each goes to the file that AUDIT names: `{"event", "arguments"}`, from Python's audit events
(PEP 578), so no module can go past it.
"""

import json
import os
import sys
from collections.abc import Mapping

PROCESSES = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

INHERITED = dict(os.environ)


def watch(path: str) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in PROCESSES or (event == "open" and writes(arguments)):
            line = json.dumps(
                {"event": event, "arguments": repr([without_inherited(one) for one in arguments])}
            )
            os.write(log, f"{line}\n".encode())

    sys.addaudithook(hook)


def without_inherited(argument: object) -> object:
    """An environment without what this process was given itself: that is the caller's, and stays so."""
    if not isinstance(argument, Mapping):
        return argument
    return {name: value for name, value in argument.items() if INHERITED.get(name) != value}


def writes(arguments: tuple[object, ...]) -> bool:
    _, mode, flags = arguments
    by_mode = isinstance(mode, str) and bool(set(mode) & set("wax+"))
    return by_mode or (isinstance(flags, int) and bool(flags & WRITING))


if __name__ == "__main__":
    watch(os.environ["AUDIT"])
    from weco_deploy.cli.main import main

    main()
