"""A port behind the gate: each call of it is counted, logged and may be disturbed, and then made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from tests.world.gate import Gate
from tests.world.run import Run
from weco_deploy.ports import CodeDeploy, HttpClient, LogReader, Programs, ServiceRuntime, TaskRunner


class Gated:
    """Calls of `port` pass the gate under the name `<door>.<method>`."""

    def __init__(self, port: object, door: str, gate: Gate, run: Run) -> None:
        self._port = port
        self._door = door
        self._gate = gate
        self._run = run

    def __getattr__(self, name: str) -> Callable[..., object]:
        return partial(self._call, name, getattr(self._port, name))

    def _call(self, name: str, method: Callable[..., object], *arguments: object, **named: object) -> object:
        with self._gate.passing(self._run, f"{self._door}.{name}", *_about(arguments, named)):
            return method(*arguments, **named)


def gated_runtime(runtime: ServiceRuntime, gate: Gate, run: Run) -> ServiceRuntime:
    return cast("ServiceRuntime", Gated(runtime, "runtime", gate, run))


def gated_tasks(tasks: TaskRunner, gate: Gate, run: Run) -> TaskRunner:
    return cast("TaskRunner", Gated(tasks, "tasks", gate, run))


def gated_code_deploy(code_deploy: CodeDeploy, gate: Gate, run: Run) -> CodeDeploy:
    return cast("CodeDeploy", Gated(code_deploy, "code_deploy", gate, run))


def gated_logs(logs: LogReader, gate: Gate, run: Run) -> LogReader:
    return cast("LogReader", Gated(logs, "logs", gate, run))


def gated_programs(programs: Programs, gate: Gate, run: Run) -> Programs:
    return cast("Programs", Gated(programs, "programs", gate, run))


def gated_http(http: HttpClient, gate: Gate, run: Run) -> HttpClient:
    return cast("HttpClient", Gated(http, "http", gate, run))


def _about(arguments: tuple[object, ...], named: dict[str, object]) -> list[str]:
    """The arguments as text: those of a list one by one, of flags the names of those that are set."""
    about: list[str] = []
    for argument in arguments:
        if isinstance(argument, list | tuple):
            about += map(str, argument)
        elif not callable(argument):
            about.append(str(argument))
    return about + [name.upper() for name, value in named.items() if value is True]
