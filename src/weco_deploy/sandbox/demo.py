"""The tour: the tool's main job on a sandbox of its own, told step by step.

Every step is the real command line in a process of its own, printed before it runs, so that what is shown is
what a person would type and see.
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
"""The command line, in the Python that this runs in."""

_SHOWN_AS = "weco-deploy"
_NOT_PASSED_ON = ("AWS_", "WECO_DEPLOY_")


@dataclass(frozen=True, slots=True)
class Step:
    """A command, without the options that all have, and what a newcomer should know before seeing its output."""

    story: str
    arguments: tuple[str, ...]


def tour(directory: Path) -> tuple[Step, ...]:
    """The steps between the sandbox's start and its end; `directory` is the sandbox's."""
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
    """Run the tour with the command line `tool`; answers 0, or the exit code of the step that failed.

    Leaves nothing behind.
    """
    with tempfile.TemporaryDirectory(prefix="weco-demo-") as temporary:
        directory = Path(temporary) / "sandbox"
        project_file = commands.sample(directory, _silently)
        try:
            return _demo(_Guide(tool, project_file, say), directory)
        finally:
            running.stop(directory)


@dataclass(frozen=True, slots=True)
class _Guide:
    """Shows steps: the story, the command, and what the command says."""

    tool: Sequence[str]
    project_file: Path
    say: Callable[[str], None]

    def show(self, step: Step, environment: Mapping[str, str]) -> int:
        """Answers the command's exit code."""
        for line in ("", step.story, "", f"$ {shlex.join((_SHOWN_AS, *step.arguments))}"):
            self.say(line)
        sys.stdout.flush()  # what we said comes before what the command says
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
    base = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    code = guide.show(_beginning(directory), base)
    if code != 0:
        return code
    sandbox = running.load(directory)
    here = base if sandbox is None else base | sandbox.environment()
    for step in (*tour(directory), _end(directory)):
        code = guide.show(step, here)
        if code != 0:
            return code
    return 0


def _beginning(directory: Path) -> Step:
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


def _silently(_: str) -> None:
    """The tour tells itself what there is."""
