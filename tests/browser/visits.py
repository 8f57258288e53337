"""A page in the browser, with what it asked for and complained of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

DRAWN = "() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))"


class Visit:
    """A page that was opened at a URL. `requests` are the URLs that it asked for, `complaints` what the console says."""

    def __init__(self, page: Page, url: str) -> None:
        self.page: Any = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._refuse)
        self.page.goto(url)

    @property
    def text(self) -> str:
        """What can be read on the page."""
        found: str = self.page.inner_text("body")
        return found

    @property
    def heading(self) -> str:
        found: str = self.page.inner_text("h1")
        return found

    def findings(self) -> Sequence[str]:
        """What axe-core says keeps people from reading the page."""
        from axe_playwright_python.sync_playwright import Axe

        response: Any = Axe().run(self.page).response
        return [f"{found['id']}: {found['nodes'][0]['html']}" for found in response["violations"]]

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        return self.page.evaluate(expression)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.value(DRAWN)

    def _refuse(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def url_of(path: Path) -> str:
    return path.as_uri()
