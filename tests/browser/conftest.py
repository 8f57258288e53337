"""Fixtures: a headless Chromium, and the pages of a board in it.

`make test-board` runs the tests. Without a Chromium they are skipped, and the end of the log says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.terminal import TerminalReporter

from tests.browser.visits import Visit
from tests.report.boards import full_board, rendered
from weco_deploy.local.site_files import write_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# `make test-board` installs it; the other tests run without.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = "no Chromium"
_WARNING = "THE BOARD WAS NOT TRIED IN A BROWSER"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or the one that CHROMIUM names."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip(f"{NO_BROWSER}: install it (Debian: apt-get install chromium), or name it with CHROMIUM")
    # Root, as in a container of CI, may not use Chromium's sandbox.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a board with every kind of environment and deployment."""
    directory = tmp_path_factory.mktemp("site")
    write_site(directory, rendered(full_board()))
    return directory


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens a page: `visit(url, dark=True, width=390)`."""
    with ExitStack() as opened:

        def open_page(url: str, *, dark: bool = False, width: int = 1280) -> Visit:
            context = browser.new_context(
                color_scheme="dark" if dark else "light", viewport={"width": width, "height": 800}
            )
            opened.callback(context.close)
            return Visit(context.new_page(), url)

        yield open_page


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    if any(NO_BROWSER in reason for reason in skipped):
        terminalreporter.section(_WARNING, red=True, bold=True)
