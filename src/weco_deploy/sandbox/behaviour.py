"""How an image of the sandbox behaves when a task runs it.

    good                     starts at once, prints a few lines, runs until it is stopped
    slow=SECONDS             takes SECONDS to start, then behaves like good
    crash                    starts, prints an error, exits with code 1 after 0.2 s
    crash=CODE               exits with CODE (0 to 255) instead
    unpullable               can't be pulled: CannotPullContainerError

Options, after commas: `after=SECONDS` (crash: how long the image runs first), `lines=TEXT|TEXT` (all but unpullable:
what the image prints after its first line). For example `crash=3,after=2,lines=connecting|connection refused`.

The text is the label `LABEL` of the image's config, so that images pushed with any tool can have a behaviour.
An image without the label is good.
"""

from __future__ import annotations

from dataclasses import dataclass

from weco_deploy.errors import UsageError

LABEL = "weco-deploy.sandbox.behaviour"
REVISION_LABEL = "org.opencontainers.image.revision"
"""The label for the commit that an image was built from, from the OCI image specification."""

CRASH_AFTER = 0.2
"""Seconds that a crashing image runs by default: less than the emulator needs to call a task healthy."""

_KNOWN = "good, slow=SECONDS, crash[=CODE][,after=SECONDS][,lines=TEXT|TEXT], unpullable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What happens to a container; times in seconds. If `exit_code` is None, it runs until it is stopped."""

    pullable: bool = True
    starts_after: float = 0.0
    exit_code: int | None = None
    exits_after: float = CRASH_AFTER
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text from which `parse` makes this behaviour."""
        if not self.pullable:
            return "unpullable"
        lines = f",lines={'|'.join(self.lines)}" if self.lines else ""
        if self.exit_code is not None:
            return f"crash={self.exit_code},after={self.exits_after:g}{lines}"
        return (f"slow={self.starts_after:g}" if self.starts_after else "good") + lines

    @property
    def output(self) -> tuple[str, ...]:
        """The lines that a container prints after its first line."""
        if self.lines:
            return self.lines
        if self.exit_code is None:
            return ("ready", "waiting for work")
        return (f"error: this image exits with code {self.exit_code} on purpose",)


GOOD = Behaviour()
UNPULLABLE = Behaviour(pullable=False)


def parse(text: str) -> Behaviour:
    """The behaviour that `text` names. UsageError if it is invalid; its hint lists all behaviours."""
    head, *settings = _parts(text)
    kind, _, argument = head.partition("=")
    given = dict(_setting(text, setting) for setting in settings)
    lines = tuple(given.pop("lines").split("|")) if "lines" in given and kind != "unpullable" else ()
    match kind:
        case "good" | "unpullable" if argument:
            raise _invalid(text, f"{kind} takes no value")
        case "good":
            behaviour = Behaviour(lines=lines)
        case "unpullable":
            behaviour = UNPULLABLE
        case "slow":
            behaviour = Behaviour(starts_after=_seconds(text, "slow", argument), lines=lines)
        case "crash":
            after = _seconds(text, "after", given.pop("after", f"{CRASH_AFTER}"))
            behaviour = Behaviour(exit_code=_code(text, argument or "1"), exits_after=after, lines=lines)
        case _:
            raise _invalid(text, f"there is no behaviour {kind!r}")
    if given:
        raise _invalid(text, f"{kind} takes no {next(iter(given))}")
    return behaviour


def _parts(text: str) -> list[str]:
    """Split at commas, but not within `lines`, which comes last."""
    before, mark, lines = text.strip().partition(",lines=")
    return [*(part.strip() for part in before.split(",")), *([f"lines={lines}"] if mark else [])]


def _setting(text: str, setting: str) -> tuple[str, str]:
    name, mark, value = setting.partition("=")
    if not mark or not value:
        raise _invalid(text, f"{setting!r} has no value" if setting else "a comma too many")
    return name, value


def _seconds(text: str, name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        raise _invalid(text, f"{name} needs seconds, not {value!r}") from None
    if not 0 <= seconds <= 3600:
        raise _invalid(text, f"{name} must be 0 to 3600 seconds")
    return seconds


def _code(text: str, value: str) -> int:
    if not value.isdecimal() or int(value) > 255:
        raise _invalid(text, f"an exit code is a number from 0 to 255, not {value!r}")
    return int(value)


def _invalid(text: str, reason: str) -> UsageError:
    return UsageError(f"behaviour {text!r}: {reason}", f"behaviours: {_KNOWN}")
