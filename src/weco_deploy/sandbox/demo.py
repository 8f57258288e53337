"""A tour of the tool's main job, step by step, on a sandbox of its own.

Each step prints a command and runs it as a process, so the tour shows exactly what a user would type and see.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from weco_deploy.sandbox import commands, running

TOOL = (sys.executable, "-m", "weco_deploy")
"""The command line, run by the same Python."""

_COMMAND_NAME = "weco-deploy"
_REMOVED_VARIABLES = ("AWS_", "WECO_DEPLOY_")


@dataclass(frozen=True, slots=True)
class Step:
    """A command without the options that all commands have, and what a newcomer should know about it first."""

    story: str
    arguments: tuple[str, ...]


def tour(directory: Path) -> tuple[Step, ...]:
    """The steps between the start and the end of the sandbox in `directory`."""
    push = ("sandbox", "push", "--dir", str(directory))
    deploy = ("--confirm", "release-deploy", "--confirmation-interval", "1")
    return (
        Step(
            "Two developers merge their work. For each, the build pipeline pushes an image to ECR, tagged with\n"
            "the commit and with `latest`. Nothing that runs has changed yet.",
            (*push, "shop"),
        ),
        Step("And the second one. `orders` runs in two services.", (*push, "orders")),
        Step(
            "Now the main job. The images labelled `latest` become a release, and the release is deployed to stage:\n"
            "the `env.stage` tags move, ECS redeploys the services that use them, and we watch until the new\n"
            "images really run.",
            (
                *deploy,
                *("--from-label", "latest", "--environment-id", "stage"),
                *("--description", "The first release"),
            ),
        ),
        Step(
            "Stage works, so prod gets exactly what stage has, byte for byte: the images labelled `env.stage`.",
            (
                *deploy,
                *("--from-label", "env.stage", "--environment-id", "prod"),
                *("--description", "What stage has"),
            ),
        ),
        Step("All of it is on record: what was deployed where, when, by whom.", ("show-deployments",)),
        Step("And this is what the labels stand for now.", ("show-images",)),
    )


def demo(say: Callable[[str], None], tool: Sequence[str] = TOOL) -> int:
    """Run the tour with the command line `tool` and remove the sandbox afterwards.

    Returns 0, or the exit code of the step that failed.
    """
    with tempfile.TemporaryDirectory(prefix="weco-demo-") as temporary:
        directory = Path(temporary) / "sandbox"
        project_file = commands.sample(directory, _ignore)
        try:
            return _demo(_Guide(tool, project_file, say), directory)
        finally:
            running.stop(directory)


@dataclass(frozen=True, slots=True)
class _Guide:
    """Shows a step: its story, its command, and the command's output."""

    tool: Sequence[str]
    project_file: Path
    say: Callable[[str], None]

    def show(self, step: Step, environment: Mapping[str, str]) -> int:
        """Returns the command's exit code."""
        for line in ("", step.story, "", f"$ {shlex.join((_COMMAND_NAME, *step.arguments))}"):
            self.say(line)
        sys.stdout.flush()  # our lines come before the command's output
        code = subprocess.run(
            [*self.tool, "-f", str(self.project_file), *step.arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        if code != 0:
            self.say(f"That failed with exit code {code}, which is no part of the tour.")
        return code


def _demo(guide: _Guide, directory: Path) -> int:
    base = {name: value for name, value in os.environ.items() if not name.startswith(_REMOVED_VARIABLES)}
    code = guide.show(_start(directory), base)
    if code != 0:
        return code
    sandbox = running.load(directory)
    variables = base if sandbox is None else base | sandbox.environment()
    for step in (*tour(directory), _end(directory)):
        code = guide.show(step, variables)
        if code != 0:
            return code
    return 0


def _start(directory: Path) -> Step:
    return Step(
        "This is a tour of weco-deploy on a sandbox: a local AWS that costs nothing and needs no account. It holds\n"
        "a sample project of three images that run as four services, in two environments, stage and prod.",
        ("sandbox", "start", "--detach", "--dir", str(directory)),
    )


def _end(directory: Path) -> Step:
    return Step(
        "That is all. The sandbox ends, and everything in it.",
        ("sandbox", "stop", "--dir", str(directory)),
    )


def _ignore(_: str) -> None:
    """Drops a line: the tour introduces the sample itself."""
