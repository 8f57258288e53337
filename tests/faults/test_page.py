"""docs/reliability.md names figures with the same words as the tests that count them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURE = re.compile(r"\| (?:\*\*)?\d+ ([^|*]+?)(?:\*\*)? \|$", re.MULTILINE)
COUNT_CALL = re.compile(r"\bcount\(\s*(f?)\"([^\"]+)\"")
PLACEHOLDER = re.compile(r"\\\{[^}]*\\\}")


def tables_of_counts() -> str:
    page = (ROOT / "docs" / "reliability.md").read_text()
    # The situations have a table of their own, with tests instead of figures.
    page = re.sub(r"^## False success.*?^## ", "## ", page, flags=re.MULTILINE | re.DOTALL)
    # So have the mix of the random deployments and the seconds of rollbacks, which their tests print.
    return re.sub(r"^\| (in the world|strategy) \|.*?\n\n", "", page, flags=re.MULTILINE | re.DOTALL)


def figures_of_the_page() -> list[str]:
    return FIGURE.findall(tables_of_counts())


def counted_figures() -> list[re.Pattern[str]]:
    """Patterns of the names that tests count. Placeholders match any text."""
    sources = [path.read_text() for path in (ROOT / "tests").glob("faults*/test_*.py")]
    return [
        re.compile(PLACEHOLDER.sub(".+", re.escape(name)) if filled_in else re.escape(name))
        for source in sources
        for filled_in, name in COUNT_CALL.findall(source)
    ]


def test_every_row_of_the_page_ends_with_a_figure_that_is_counted() -> None:
    rows = [
        line for line in tables_of_counts().splitlines() if line.startswith("| ") and "| figure |" not in line
    ]
    assert len(rows) == len(figures_of_the_page())
    assert [
        name
        for name in figures_of_the_page()
        if not any(known.fullmatch(name) for known in counted_figures())
    ] == []
