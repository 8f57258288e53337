"""The pages show all screenshots, and these load nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCREENSHOTS = sorted((REPOSITORY / "docs" / "screenshots").iterdir())
DRAWINGS = [file for file in SCREENSHOTS if file.suffix == ".svg"]


@pytest.mark.parametrize("file", SCREENSHOTS, ids=lambda file: file.name)
def test_screenshot_is_shown_on_a_page_with_a_description(file: Path) -> None:
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    shown = re.compile(rf"!\[[^\]]{{20,}}\]\((docs/)?screenshots/{re.escape(file.name)}\)")

    assert any(shown.search(page.read_text(encoding="utf-8")) for page in pages)


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.stem)
def test_screenshot_loads_nothing(file: Path) -> None:
    svg = file.read_text(encoding="utf-8")

    assert "</svg>" in svg
    assert not re.search(r"url\((?!#)|href=|src=", svg)
