"""The renderer of the board's pages, which is an extra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from weco_deploy.errors import UsageError

if TYPE_CHECKING:
    from weco_deploy.model.board import Board


class Render(Protocol):
    def __call__(self, board: Board, *, follow: bool = False, trouble: str = "") -> Mapping[str, str]:
        """The pages by path, as `report.board.pages.board_pages` renders them."""


def pages_of(options: Sequence[str]) -> Render:
    """The function that renders a board. Raises UsageError if Jinja2 is missing, before anything is read.

    Suggested commands on the pages repeat the global `options`.
    """
    try:
        from weco_deploy.report.board.pages import board_pages
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the board needs a package that is not installed: {error.name}",
            'install it with: pip install "weco-deploy[board]"',
        ) from error
    return partial(board_pages, options=options)
