"""docs/reliability.md tells figures in the words in which the tests count them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOLD = re.compile(r"\| (?:\*\*)?\d+ ([^|*]+?)(?:\*\*)? \|$", re.MULTILINE)
COUNTED = re.compile(r"\bcount\(\s*(f?)\"([^\"]+)\"")
FILLED_IN = re.compile(r"\\\{[^}]*\\\}")


def told() -> list[str]:
    return TOLD.findall((ROOT / "docs" / "reliability.md").read_text())


def counted() -> list[re.Pattern[str]]:
    """What the names of figures look like; anything may be filled in."""
    sources = [path.read_text() for path in (ROOT / "tests").glob("faults*/test_*.py")]
    return [
        re.compile(FILLED_IN.sub(".+", re.escape(name)) if filled_in else re.escape(name))
        for source in sources
        for filled_in, name in COUNTED.findall(source)
    ]


def test_every_row_of_the_page_ends_with_a_figure_that_is_counted() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and "| figure |" not in line]
    assert len(rows) == len(told())
    assert [name for name in told() if not any(known.fullmatch(name) for known in counted())] == []
