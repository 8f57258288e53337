"""Takes the screenshots of the board: its pages after real runs in a small sandbox, in a headless Chromium.

    python -m documentation.board_screenshots DIRECTORY

Chromium is the system's, or the one that CHROMIUM names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from documentation.sample import Repository
from documentation.screenshots import TOOL, outside, sandbox_of
from weco_deploy.sandbox import running

IMAGES = ("catalogue", "checkout", "orders", "search")
CHANGES = (
    ("checkout", "Show delivery times at the checkout (#412)", "Ada"),
    ("orders", "Find orders by the last digits of a card (#418)", "Sam"),
)


@dataclass(frozen=True, slots=True)
class Shop:
    repository: Repository

    def run(self, *arguments: str, code: int = 0) -> None:
        """Run a command that must end with this exit code."""
        ran = subprocess.run(
            [*TOOL, "--confirm", *arguments],
            cwd=self.repository.directory,
            env=outside()
            | sandbox_of(self.repository).environment()
            | {"WECO_DEPLOY_CONFIRMATION_INTERVAL": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode != code:
            raise RuntimeError(f"{arguments} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}")


def write_board(shop: Shop, site: Path) -> None:
    """Deploy to both environments, then to stage again, once with success and once without, and write the board."""
    first = shop.repository.commit("Print prices in bold", "Ada")
    for image_id in IMAGES:
        sandbox_of(shop.repository).push(image_id, commit=first)
    shop.run("release-deploy", "--environment-id", "stage", "--description", "Bold prices")
    shop.run("promote", "--from", "stage", "--to", "prod", "--description", "Bold prices")
    for image_id, subject, author in CHANGES:
        sandbox_of(shop.repository).push(image_id, commit=shop.repository.commit(subject, author))
    shop.run("release-deploy", "--environment-id", "stage", "--description", "Faster checkout")
    broken = shop.repository.commit("Load the catalogue lazily (#430)", "Kim")
    behaviour = "crash=3,lines=loading the catalogue|no such file: books.json"
    sandbox_of(shop.repository).push("catalogue", behaviour, commit=broken)
    shop.run("release-deploy", "--environment-id", "stage", "--description", "Lazy catalogue", code=1)
    shop.run("board", "--out", str(site))


def take(site: Path, output: Path) -> None:
    """Write the first page on a desktop, and the page of the failure on a phone, in the dark."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        page: Any = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.goto((site / "index.html").as_uri())
        page.screenshot(path=output / "board.png")
        last = page.get_attribute("main a[href^='deployments/']", "href")
        phone: Any = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        phone.goto((site / last).as_uri())
        phone.screenshot(path=output / "board-failure.png")
        browser.close()


def main(output: Path) -> None:
    """Write the screenshots to a directory."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="weco-board-") as temporary:
        directory = Path(temporary)
        repository = Repository(directory, IMAGES, roles=("api",))
        repository.create()
        try:
            subprocess.run(
                [*TOOL, "sandbox", "start", "--detach"],
                cwd=directory,
                env=outside(),
                check=True,
                stdout=subprocess.DEVNULL,
            )
            write_board(Shop(repository), directory / "site")
        finally:
            running.stop(directory / ".weco-sandbox")
        take(directory / "site", output)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
