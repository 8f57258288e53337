"""What a running sandbox remembers on disk, `sandbox.json` in its directory, so that later commands find it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from weco_deploy.errors import SandboxError

STATE_FILE = "sandbox.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedTo:
    """Where the images of one repository of a project go."""

    project_id: str
    image_id: str
    account: str
    region: str
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a sandbox is reached; `account` is the caller's, `project_file` what it was made from, if known."""

    port: int
    account: str
    region: str
    project_file: str | None
    images: tuple[PushedTo, ...]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def write(directory: Path, state: State) -> None:
    """Put it in place in one step, so that nobody reads half of it."""
    draft = directory / f"{STATE_FILE}.new"
    draft.write_text(json.dumps(dataclasses.asdict(state) | {"endpoint": state.endpoint}, indent=2) + "\n")
    draft.replace(directory / STATE_FILE)


def read(directory: Path) -> State | None:
    """None if there is none. SandboxError if it is not what `write` writes."""
    file = directory / STATE_FILE
    try:
        document = json.loads(file.read_text())
        return State(
            port=document["port"],
            account=document["account"],
            region=document["region"],
            project_file=document["project_file"],
            images=tuple(PushedTo(**image) for image in document["images"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError(
            f"{file} can't be read: {error}", "remove its directory once no sandbox runs there"
        ) from error


def forget(directory: Path) -> None:
    """Remove it, if there is one."""
    (directory / STATE_FILE).unlink(missing_ok=True)
