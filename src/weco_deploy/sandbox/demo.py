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
_TOUR_VARIABLES = {"WECO_DEPLOY_CONFIRMATION_INTERVAL": "1"}
"""The sandbox's ECS is so fast that the usual ten seconds between two polls would be most of the tour."""
_FAILED = 1


@dataclass(frozen=True, slots=True)
class Step:
    """A command, its title, and what a newcomer should know about it first. `code` is the exit code it should have."""

    title: str
    story: str
    arguments: tuple[str, ...]
    code: int = 0


_START = Step(
    "Start a sandbox",
    "A local AWS that costs nothing and needs no account. It holds a sample project of three images that run as\n"
    "four services, in two environments, stage and prod.",
    ("sandbox", "start", "--detach"),
)
TOUR = (
    Step(
        "Push images",
        'From here on the commands use the sandbox, as after eval "$(weco-deploy sandbox env)" in your shell.\n'
        "Two developers merge their work, and the build pipeline pushes an image for each, tagged with the commit\n"
        "and `latest`. Nothing that runs has changed yet.",
        ("sandbox", "push", "shop", "orders"),
    ),
    Step(
        "Deploy to stage",
        "The images tagged `latest` become a release, and the release is deployed: the `env.stage` tags move, ECS\n"
        "redeploys the services that use them, and the tool watches until the new images really run.",
        ("--confirm", "release-deploy", "--environment-id", "stage", "--description", "New basket"),
    ),
    Step(
        "Promote to prod",
        "Stage works, so prod gets exactly the images that run in stage.",
        ("--confirm", "promote", "--from", "stage", "--to", "prod", "--description", "New basket"),
    ),
    Step(
        "Push an image that crashes",
        "Somebody merges a mistake: this image exits with 3 as it starts.",
        (
            "sandbox",
            "push",
            "shop",
            "--behaviour",
            "crash=3,lines=loading the catalogue|no such file: books.json",
        ),
    ),
    Step(
        "Deploy it to stage: this fails",
        "ECS starts the image a few times, gives up, and keeps the old tasks running. The tool sees it as soon as ECS\n"
        "knows, says why, and ends with exit code 1, so that a pipeline stops here.",
        ("--confirm", "release-deploy", "--environment-id", "stage", "--description", "Faster catalogue"),
        code=1,
    ),
    Step(
        "Roll back stage",
        "ECS has put the services back by itself, but the tag `env.stage` still points at the mistake, which would\n"
        "come back with the next redeployment. Back to the last release that worked:",
        ("--confirm", "rollback", "--environment-id", "stage"),
    ),
    Step("Look at the record", "Who deployed what, where, when, and how it ended:", ("show-deployments",)),
    Step("Look at the tags", "The images that stage runs now:", ("show-images", "--label", "env.stage")),
)
"""The steps between the start and the end of the sandbox."""
_END = Step("Stop the sandbox", "That is all. The sandbox ends, and everything in it.", ("sandbox", "stop"))


def demo(say: Callable[[str], None], tool: Sequence[str] = TOOL, *, dry_run: bool = False) -> int:
    """Run the tour with the command line `tool` in a directory of its own, which is removed afterwards.

    Returns 0, or another exit code if a step did not end as it should. A dry run only shows the steps.
    """
    with tempfile.TemporaryDirectory(prefix="weco-demo-") as temporary:
        project_directory = Path(temporary)
        directory = project_directory / commands.DIRECTORY
        if not dry_run:
            commands.sample(directory, _ignore).rename(project_directory / commands.PROJECT_FILE)
        guide = _Guide(tool, project_directory, say, dry_run=dry_run)
        try:
            return _demo(guide, directory)
        finally:
            running.stop(directory)


@dataclass(frozen=True, slots=True)
class _Guide:
    """Shows a step: its title, its story, its command, and the command's output."""

    tool: Sequence[str]
    project_directory: Path
    say: Callable[[str], None]
    dry_run: bool

    def show(self, number: int, step: Step, environment: Mapping[str, str]) -> int:
        """Returns 0 if the command had the exit code that it should."""
        title = f"--- {number} of {len(TOUR) + 2}: {step.title} "
        for line in (
            "",
            f"{title:-<110}",
            step.story,
            "",
            f"$ {shlex.join((_COMMAND_NAME, *step.arguments))}",
        ):
            self.say(line)
        if self.dry_run:
            return 0
        sys.stdout.flush()  # our lines come before the command's output
        code = subprocess.run(
            [*self.tool, *step.arguments],
            cwd=self.project_directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        if code == step.code:
            return 0
        self.say(f"This ended with exit code {code} instead of {step.code}, which is no part of the tour.")
        return code or _FAILED


def _demo(guide: _Guide, directory: Path) -> int:
    base = {name: value for name, value in os.environ.items() if not name.startswith(_REMOVED_VARIABLES)}
    variables = base | _TOUR_VARIABLES
    code = guide.show(1, _START, variables)
    sandbox = None if code else running.load(directory)
    if sandbox is not None:
        variables |= sandbox.environment()  # as `eval "$(weco-deploy sandbox env)"` does in a shell
    for number, step in enumerate((*TOUR, _END), start=2):
        code = code or guide.show(number, step, variables)
    return code


def _ignore(_: str) -> None:
    """Drop a line: the tour introduces the sample itself."""
