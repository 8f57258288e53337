"""Takes the screenshots of the documentation: real runs of the tool, at 80 columns and 24 rows, in a sandbox of its own.

    python -m documentation.screenshots DIRECTORY

Starts a sandbox with 40 images, 120 services and two environments, deploys to it, breaks it, and writes an SVG file for each screen.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from documentation.sample import IMAGES, SUBJECTS, Repository
from documentation.terminal import Screen, run
from weco_deploy.sandbox import running

COLUMNS, ROWS = 80, 24
LONG = 200
"""Rows of a terminal in which everything stays visible that a command prints."""
CHANGED = IMAGES[3::5]
"""The images that change, one with each commit."""
TOOL = (sys.executable, "-m", "weco_deploy")


def sandbox_of(repository: Repository) -> running.Sandbox:
    """The running sandbox in the repository's directory."""
    sandbox = running.load(repository.directory / ".weco-sandbox")
    if sandbox is None:
        raise RuntimeError("the sandbox has ended")
    return sandbox


@dataclass(frozen=True, slots=True)
class Shop:
    """The project, its sandbox, and where its screenshots go."""

    repository: Repository
    output: Path

    def variables(self) -> dict[str, str]:
        more = {"WECO_DEPLOY_CONFIRMATION_INTERVAL": "1", "TZ": "UTC", "CI": ""}
        return outside() | sandbox_of(self.repository).environment() | more

    def run(self, *arguments: str, rows: int = LONG, until: Callable[[str], bool] | None = None) -> Screen:
        return run(
            [*TOOL, *arguments],
            columns=COLUMNS,
            rows=rows,
            directory=self.repository.directory,
            environment=self.variables(),
            until=until,
        )

    def shoot(
        self, name: str, *arguments: str, rows: int = LONG, until: Callable[[str], bool] | None = None
    ) -> None:
        """Write the screen of a command as NAME.svg."""
        screen = self.run(*arguments, rows=rows, until=until)
        command = next(word for word in arguments if not word.startswith("-"))
        (self.output / f"{name}.svg").write_text(
            screen.svg(f"weco-deploy {command}", COLUMNS), encoding="utf-8"
        )

    def succeed(self, *arguments: str) -> None:
        """Run a command that must succeed."""
        screen = self.run(*arguments)
        if screen.code != 0:
            raise RuntimeError(f"{arguments} ended with {screen.code}:\n{screen.text.plain}")


def outside() -> dict[str, str]:
    """The environment without what would lead the tool elsewhere."""
    return {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "WECO_DEPLOY_"))}


def take(shop: Shop) -> None:
    """Take all screenshots, in the order of a day's work."""
    _deploy_to_stage_and_prod(shop)
    commits: dict[str, str] = {}
    for (subject, author), image_id in zip(SUBJECTS, CHANGED, strict=True):
        behaviour = "slow=60" if image_id == "prices" else "good"
        commits[image_id] = shop.repository.commit(subject, author)
        sandbox_of(shop.repository).push(image_id, behaviour, commit=commits[image_id])
    deploy = ("--confirm", "release-deploy", "--environment-id", "stage")
    shop.shoot("running", *deploy, "--description", "Faster checkout", rows=ROWS, until=_half_done)
    shop.shoot("changes", "changes", rows=ROWS)
    shop.shoot("commit", "changes", "--commit", commits["prices"], rows=ROWS)
    shop.shoot("plan", "plan", "--environment-id", "prod", rows=ROWS)
    broken = shop.repository.commit("Load the catalogue lazily (#430)", "Kim")
    sandbox_of(shop.repository).push(
        "catalogue", "crash=3,lines=loading the catalogue|no such file: books.json", commit=broken
    )
    shop.shoot("failure", *deploy, "--description", "Lazy catalogue")
    shop.shoot("show-deployment", "show-deployment", rows=ROWS)
    shop.shoot("status", "status", rows=ROWS)


def _deploy_to_stage_and_prod(shop: Shop) -> None:
    commit = shop.repository.commit("Print prices in bold", "Ada")
    for image_id in IMAGES:
        sandbox_of(shop.repository).push(image_id, commit=commit)
    shop.succeed("--confirm", "release-deploy", "--environment-id", "stage", "--description", "Bold prices")
    shop.succeed("--confirm", "promote", "--from", "stage", "--to", "prod", "--description", "Bold prices")


def _half_done(text: str) -> bool:
    return "in progress" in text and "succeeded, " in text


def main(output: Path) -> None:
    """Write the screenshots to a directory."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="weco-screenshots-") as temporary:
        directory = Path(temporary)
        repository = Repository(directory)
        repository.create()
        try:
            subprocess.run(
                [*TOOL, "sandbox", "start", "--detach"],
                cwd=directory,
                env=outside(),
                check=True,
                stdout=subprocess.DEVNULL,
            )
            take(Shop(repository, output))
        finally:
            running.stop(directory / ".weco-sandbox")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
