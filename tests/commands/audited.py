"""The command line as a process that logs the processes it starts and the files it writes.

It writes a line of JSON for each, `{"event", "arguments"}`, to the file that AUDIT names. The events are Python's audit
events (PEP 578), which no module can bypass. To the file that SIGNED names it writes the credentials that requests are
signed with: `{"service", "secret_key", "token"}`. With PLANT the process leaks these credentials: on stderr, in a file in
the home directory, and as arguments of another process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

PROCESSES = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC

INHERITED = dict(os.environ)


def watch(path: str) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in PROCESSES or (event == "open" and writes(arguments)):
            line = json.dumps(
                {"event": event, "arguments": repr([without_inherited(argument) for argument in arguments])}
            )
            os.write(log, f"{line}\n".encode())

    sys.addaudithook(hook)


def without_inherited(argument: object) -> object:
    """An environment without the variables that this process inherited, which include the caller's credentials."""
    if not isinstance(argument, Mapping):
        return argument
    return {name: value for name, value in argument.items() if INHERITED.get(name) != value}


def writes(arguments: tuple[object, ...]) -> bool:
    _, mode, flags = arguments
    by_mode = isinstance(mode, str) and bool(set(mode) & set("wax+"))
    return by_mode or (isinstance(flags, int) and bool(flags & WRITING))


def note_signing(path: str, *, plant: bool) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    add_auth = SigV4Auth.add_auth

    def noting(self: SigV4Auth, request: AWSRequest) -> None:
        service: str = self._service_name  # type: ignore[attr-defined] # missing in its stub
        secret_key, token = self.credentials.secret_key or "", self.credentials.token or ""
        line = json.dumps({"service": service, "secret_key": secret_key, "token": token})
        os.write(log, f"{line}\n".encode())
        if plant:
            give_away(secret_key, token)
        add_auth(self, request)

    SigV4Auth.add_auth = noting  # type: ignore[method-assign] # all requests are signed here


def give_away(secret_key: str, token: str) -> None:
    sys.stderr.write(f"{secret_key} {token}\n")
    with (Path.home() / "planted").open("a") as file:
        file.write(f"{secret_key} {token}\n")
    subprocess.run([sys.executable, "-c", "", secret_key, token], check=True)


if __name__ == "__main__":
    watch(os.environ["AUDIT"])
    note_signing(os.environ["SIGNED"], plant=bool(os.environ["PLANT"]))
    from weco_deploy.cli.main import main

    main()
