"""The text of `notify`: a line for each destination of messages, and what it gets."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.notification import DestinationTest
from weco_deploy.report.page import BAD_STYLE, DIM, GOOD_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import listed

_LABELS = {True: ("SENT", GOOD_STYLE), False: ("FAIL", BAD_STYLE), None: ("-", DIM)}
_INDENT = 6


def destinations_text(tests: Sequence[DestinationTest], screen: Screen) -> str:
    """The destinations in the order of the project file, with the results of test messages if any were sent."""
    page = Page(screen)
    for test in tests:
        label, style = _LABELS[test.sent]
        destination = test.destination
        problem = f": {one_line(test.problem)}" if test.problem else ""
        page.entry(label, f"{one_line(destination.url_from)}{problem}", style, _INDENT)
        events = ", ".join(event.value for event in destination.events)
        page.line(f"about {listed(destination.environments)}: {events}", indent=_INDENT)
    return page.text()
