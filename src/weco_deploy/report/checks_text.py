"""The text of `doctor`: a line for each check, and below it the remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from weco_deploy.model.checks import Check, Result
from weco_deploy.report.page import BAD_STYLE, DIM, GOOD_STYLE, WARNING_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line

_STYLES = {
    Result.OK: GOOD_STYLE,
    Result.WARN: WARNING_STYLE,
    Result.FAIL: BAD_STYLE,
    Result.SKIP: DIM,
}
_LABEL = 6
"""The width of the first column: a result and two spaces."""


def checks_text(checks: Sequence[Check], screen: Screen, options: Sequence[str] = ()) -> str:
    """All checks in order, and how many had which result. Commands repeat the global `options`."""
    page = Page(screen)
    for check in checks:
        page.entry(
            check.result.upper(), f"{check.id}: {one_line(check.found)}", _STYLES[check.result], _LABEL
        )
        if check.advice:
            page.line(one_line(check.advice), indent=_LABEL)
        if line := check.command_line(options):
            page.unwrapped(line, indent=_LABEL)
    counts = Counter(check.result for check in checks)
    page.line()
    page.line(", ".join(f"{counts[result]} {result.upper()}" for result in Result if counts[result]))
    return page.text()
