"""The pages in docs/decisions have one form, and the index has all of them."""

from __future__ import annotations

import re

import pytest

from tests.packaging.action_file import ROOT

DECISIONS = ROOT / "docs" / "decisions"
NAMES = sorted(page.name for page in DECISIONS.glob("*.md") if page.name != "README.md")
FORM = re.compile(
    r"# (?P<title>[^\n]+)\n\n"
    r"- Status: (?P<status>proposed|accepted|superseded by \[[^\n]+\]\([^\n]+\))\n"
    r"- Date: (?P<date>\d{4}-\d\d-\d\d)\n\n"
    r"## Context\n\n.+\n\n## Decision\n\n.+\n\n## Alternatives\n\n- .+",
    re.DOTALL,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_decision_has_status_date_context_and_alternatives_and_is_in_the_index(name: str) -> None:
    form = FORM.fullmatch((DECISIONS / name).read_text())

    assert form
    row = f"| [{form['title']}]({name}) | {form['status']} | {form['date']} |"
    assert row in (DECISIONS / "README.md").read_text().splitlines()


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(name[:4]) for name in NAMES] == list(range(1, len(NAMES) + 1))
