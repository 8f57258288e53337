"""How an image behaves when a task runs it: the one place that says which behaviours there are.

    good                 starts, runs until it is stopped
    slow=SECONDS         takes so long to start, then as good
    crash[=CODE]         exits while it starts, before the task is RUNNING
    crash-later=SECONDS  exits so many seconds after it was RUNNING
    unhealthy            runs, but fails the health checks of its container and of its load balancer
    protected=SECONDS    as good; each task protects itself from scale-in for so long
    unpullable           can't be pulled: CannotPullContainerError
    flaky=N              the first N starts of a deployment end as crash, the later ones are good

After commas: `code=N` (crash, crash-later, flaky: the exit code, 1 unless given), `start=SECONDS` (how long it
takes to start), `command=SECONDS` and `command-code=N` (how long it runs, and its exit code, if RunTask runs it with a command of
its own: 10 and 0 unless given), and last `lines=TEXT|TEXT` (what it logs).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FORMS = {
    "good": "good",
    "slow": "slow=SECONDS",
    "crash": "crash[=CODE]",
    "crash-later": "crash-later=SECONDS",
    "unhealthy": "unhealthy",
    "protected": "protected=SECONDS",
    "unpullable": "unpullable",
    "flaky": "flaky=N",
}
"""The kinds of behaviour, and how each is written."""
OPTIONS = ("code=N", "start=SECONDS", "command=SECONDS", "command-code=N", "lines=TEXT|TEXT")
KNOWN = f"{', '.join(FORMS.values())}; after commas: {', '.join(OPTIONS)}"
LONGEST = 48 * 3600.0
USUAL_START = 5.0
USUAL_COMMAND = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A container's life. Times in seconds.

    `start` passes from the end of the pull until the container is up. `exits_after` counts from then: None
    for a container that runs until it is stopped, 0 for one that exits while it starts.
    `failing_starts` is how many starts of a deployment exit while they start, whatever else is said.
    `protects_for` is how long a task protects itself from scale-in. `command_seconds` and `command_code` are how long it runs, and
    its exit code, in a task of RunTask's with a command.
    """

    start: float = USUAL_START
    exits_after: float | None = None
    exit_code: int = 1
    pullable: bool = True
    healthy: bool = True
    protects_for: float = 0.0
    failing_starts: int = 0
    lines: tuple[str, ...] = ("starting",)
    command_seconds: float = USUAL_COMMAND
    command_code: int = 0

    def of_command(self) -> Behaviour:
        """The behaviour with a command, in a task of RunTask's: it runs for a while, and ends."""
        return replace(self, exits_after=self.command_seconds, exit_code=self.command_code, failing_starts=0)

    def exits_at_start(self, earlier_starts: int) -> bool:
        """Whether a start of this image fails, after so many earlier starts in the same deployment."""
        return self.exits_after == 0 or earlier_starts < self.failing_starts


GOOD = Behaviour()


def parse(text: str) -> Behaviour:
    """The behaviour that the text names. ValueError says what is wrong with it, and what there is."""
    before, has_lines, lines = text.strip().partition(",lines=")
    head, *settings = (part.strip() for part in before.split(","))
    kind, has_value, value = head.partition("=")
    _check_form(text, kind, has_value=bool(has_value))
    options = dict(_option(text, setting) for setting in settings)
    command_seconds = _seconds(text, options.pop("command", f"{USUAL_COMMAND}"))
    command_code = _number(text, options.pop("command-code", "0"), 255)
    code = _number(text, options.pop("code", value if kind == "crash" and has_value else "1"), 255)
    start = _seconds(text, options.pop("start", f"{USUAL_START}"))
    if options:
        raise _wrong(text, f"there is no {next(iter(options))!r}")
    logged = tuple(lines.split("|")) if has_lines else ("starting",)
    behaviour = _behaviour(kind, text, value, start, code, logged)
    return replace(behaviour, command_seconds=command_seconds, command_code=command_code)


def _behaviour(
    kind: str, text: str, value: str, start: float, code: int, logged: tuple[str, ...]
) -> Behaviour:
    match kind:
        case "good":
            return Behaviour(start=start, lines=logged)
        case "slow":
            return Behaviour(start=_seconds(text, value), lines=logged)
        case "crash":
            return Behaviour(start=start, exits_after=0, exit_code=code, lines=logged)
        case "crash-later":
            return Behaviour(start=start, exits_after=_seconds(text, value), exit_code=code, lines=logged)
        case "unhealthy":
            return Behaviour(start=start, healthy=False, lines=logged)
        case "protected":
            return Behaviour(start=start, protects_for=_seconds(text, value), lines=logged)
        case "unpullable":
            return Behaviour(pullable=False, lines=())
        case "flaky":
            failing = _number(text, value, 1000)
            return Behaviour(start=start, failing_starts=failing, exit_code=code, lines=logged)
    raise AssertionError(kind)  # `_check_form` has refused it


def _check_form(text: str, kind: str, *, has_value: bool) -> None:
    """ValueError if there is no such kind, or it lacks its value or takes none."""
    if kind not in FORMS:
        raise _wrong(text, f"there is no behaviour {kind!r}")
    form = FORMS[kind]
    if not has_value and form.startswith(f"{kind}="):
        raise _wrong(text, f"it needs a value, {form}")
    if has_value and form == kind:
        raise _wrong(text, f"{kind} takes no value")


def _option(text: str, setting: str) -> tuple[str, str]:
    name, _, value = setting.partition("=")
    if not value:
        raise _wrong(text, f"{setting!r} has no value")
    return name, value


def _seconds(text: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        raise _wrong(text, f"{value!r} is no number of seconds") from None
    if not 0 <= seconds <= LONGEST:
        raise _wrong(text, f"{value} is not between 0 and {LONGEST:.0f} seconds")
    return seconds


def _number(text: str, value: str, largest: int) -> int:
    if not value.isdecimal() or int(value) > largest:
        raise _wrong(text, f"{value!r} is no number from 0 to {largest}")
    return int(value)


def _wrong(text: str, why: str) -> ValueError:
    return ValueError(f"behaviour {text!r}: {why}; behaviours: {KNOWN}")
