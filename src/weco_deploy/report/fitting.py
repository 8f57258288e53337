"""Fits a text to the screen of a terminal, which shows only the last lines of what a command prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from weco_deploy.report.page import DIM, Page
from weco_deploy.report.screen import Screen

PROMPT = 1
"""Lines of the screen that are left for the shell's prompt."""
VERBOSE_SHOWS_ALL = "(--verbose shows all)"


def fitted(complete: str, screen: Screen, shorter: Iterable[Callable[[], str]], *, everything: bool) -> str:
    """The first text that fits the screen; the last one if none does.

    Args:
        complete: the whole text. A file or pipe, and a terminal of unknown size, gets nothing else.
        screen: where the text goes.
        shorter: render shorter and shorter texts, which only a terminal gets.
        everything: whether the complete text is wanted in any case.

    """
    if not screen.terminal or screen.height is None or everything:
        return complete
    room = screen.height - PROMPT
    text = complete
    for render in shorter:
        if text.count("\n") <= room:
            break
        text = render()
    return text


def add_rest(page: Page, number: int, most: int | None, what: str = "") -> None:
    """Add how many more there are if at most `most` of a number of lines were shown; None if all were."""
    if most is not None and number > most:
        page.line(f"and {number - most} more{what} {VERBOSE_SHOWS_ALL}", DIM, indent=2)
