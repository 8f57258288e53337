"""The state of a running sandbox in the file `sandbox.json`, so that later commands find it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from weco_deploy.errors import SandboxError

STATE_FILE = "sandbox.json"
SIMULATED = (
    "ECS",
    "RESOURCE_GROUPS_TAGGING_API",
    "STS",
    "CLOUDWATCH_LOGS",
    "ELASTIC_LOAD_BALANCING_V2",
)
"""The services that the sandbox simulates itself, as the variables AWS_ENDPOINT_URL_… call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where a sandbox listens on 127.0.0.1: MiniStack on `emulator`, the simulated ECS on `simulation`."""

    emulator: int
    simulation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PushTarget:
    """The repository of an image of a project."""

    project_id: str
    image_id: str
    account: str
    region: str
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeService:
    """A service of an environment."""

    project_id: str
    environment_id: str
    service_id: str
    account: str
    region: str
    cluster: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How to reach a sandbox, and what it was started with.

    `account` is the caller's; `project_file` is the file it was started with, if known; `bare_commits` says how images
    are tagged.
    """

    ports: Ports
    account: str
    region: str
    project_file: str | None
    bare_commits: bool
    images: tuple[PushTarget, ...]
    services: tuple[MadeService, ...]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports.emulator}"

    @property
    def simulation_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports.simulation}"

    @property
    def endpoints(self) -> Mapping[str, str]:
        """The variables that lead AWS's tools here."""
        simulated = {f"AWS_ENDPOINT_URL_{service}": self.simulation_endpoint for service in SIMULATED}
        return {"AWS_ENDPOINT_URL": self.endpoint} | simulated


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
            ports=Ports(**document["ports"]),
            account=document["account"],
            region=document["region"],
            project_file=document["project_file"],
            bare_commits=document["bare_commits"],
            images=tuple(PushTarget(**image) for image in document["images"]),
            services=tuple(MadeService(**service) for service in document["services"]),
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
