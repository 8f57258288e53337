"""The state of a running sandbox in the file `sandbox.json`, so that later commands find it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from weco_deploy.errors import SandboxError

STATE_FILE = "sandbox.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """The repository of an image of a project."""

    project_id: str
    image_id: str
    account: str
    region: str
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How to reach a sandbox. `account` is the caller's; `project_file` is the file it was started with, if known."""

    port: int
    account: str
    region: str
    project_file: str | None
    images: tuple[PushTarget, ...]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def write(directory: Path, state: State) -> None:
    """Replace the file in one step, so that no process reads half of it."""
    draft = directory / f"{STATE_FILE}.new"
    draft.write_text(json.dumps(dataclasses.asdict(state) | {"endpoint": state.endpoint}, indent=2) + "\n")
    draft.replace(directory / STATE_FILE)


def read(directory: Path) -> State | None:
    """The state, None if there is no file. SandboxError if `write` did not write the file."""
    file = directory / STATE_FILE
    try:
        document = json.loads(file.read_text())
        return State(
            port=document["port"],
            account=document["account"],
            region=document["region"],
            project_file=document["project_file"],
            images=tuple(PushTarget(**image) for image in document["images"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError(
            f"{file} can't be read: {error}", "remove its directory once no sandbox runs there"
        ) from error


def remove(directory: Path) -> None:
    """Remove the file if it exists."""
    (directory / STATE_FILE).unlink(missing_ok=True)
