"""The ports Programs and HttpClient: what programs on this machine do, and what the web answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from weco_deploy.model.http_answer import HttpAnswer
from weco_deploy.ports import NotStarted


@dataclass(frozen=True, slots=True)
class Behaves:
    """What a program does: it prints these lines at once, and exits with `code` after so many seconds."""

    code: int = 0
    seconds: float = 2.0
    lines: tuple[str, ...] = ("checking",)


@dataclass(slots=True)
class Started:
    """A program that was started."""

    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    credentials: bool
    stopped: bool = False


@dataclass(slots=True)
class Machine:
    """How the programs that are started next behave; after those, they succeed. `missing` programs can't be started."""

    next: list[Behaves] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    started: list[Started] = field(default_factory=list)


class WorldPrograms:
    def __init__(self, machine: Machine, now: Callable[[], datetime]) -> None:
        self._machine = machine
        self._now = now

    def installed(self, program: str) -> bool:
        return program not in self._machine.missing

    def start(
        self, arguments: Sequence[str], variables: Mapping[str, str], *, credentials: bool
    ) -> WorldProgram:
        if arguments[0] in self._machine.missing:
            raise NotStarted(f"{arguments[0]} can't be run: No such file or directory")
        behaves = self._machine.next.pop(0) if self._machine.next else Behaves()
        started = Started(tuple(arguments), dict(variables), credentials)
        self._machine.started.append(started)
        return WorldProgram(started, behaves, self._now)


class WorldProgram:
    def __init__(self, started: Started, behaves: Behaves, now: Callable[[], datetime]) -> None:
        self._started = started
        self._behaves = behaves
        self._now = now
        self._end = now() + timedelta(seconds=behaves.seconds)
        self._lines = behaves.lines

    def new_lines(self) -> Sequence[str]:
        lines, self._lines = self._lines, ()
        return lines

    def exit_code(self) -> int | None:
        return self._behaves.code if self._now() >= self._end else None

    def stop(self) -> None:
        self._started.stopped = True


@dataclass(slots=True)
class Web:
    """The answers to the next requests of each URL. The last one stays; a URL without any is not answered."""

    answers: dict[str, list[HttpAnswer]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


class WorldHttpClient:
    def __init__(self, web: Web) -> None:
        self._web = web

    def get(self, url: str, seconds: float) -> HttpAnswer:  # noqa: ARG002 - as the port
        self._web.requests.append(url)
        answers = self._web.answers.get(url, [])
        if not answers:
            return HttpAnswer(None, problem="connection refused")
        return answers.pop(0) if len(answers) > 1 else answers[0]
