"""Updates the board after a deployment (`--board`). Whatever happens here, the deployment's result stays the same."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from weco_deploy.cli.board_pages import pages_of
from weco_deploy.cli.board_place import write_board
from weco_deploy.cli.repeated_options import options_for
from weco_deploy.cli.streams import write_notice
from weco_deploy.errors import DeployError, Interrupted
from weco_deploy.report.untrusted import one_line

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext

LONGEST = timedelta(seconds=60)
"""How long reading the state and writing the pages may take, without git's own time."""


def update_board(context: ProjectContext, place: str) -> None:
    """Write the board to a place. If that fails, a warning says why."""
    try:
        _update(context, place)
    except (Interrupted, KeyboardInterrupt):
        _warn(place, "interrupted")
    except DeployError as error:
        hint = error.hinted(options_for(sys.stderr, context.settings))
        _warn(place, f"{error.message}; {hint}" if hint else error.message)
    except Exception as error:  # noqa: BLE001 - a mistake of ours in a page must not hide the result, either
        _warn(place, f"{type(error).__name__}: {error}")


def _update(context: ProjectContext, place: str) -> None:
    from weco_deploy.operations.board import BoardReader

    render = pages_of(context.options)
    ports = context.ports
    ports = replace(ports, calls=ports.calls.until(ports.clock.utc() + LONGEST))
    board = BoardReader(ports).read()
    write_board(place, render(board), ports)
    for environment_id, error in board.status.errors.items():
        _warn(place, f"{environment_id} can't be read: {error.message}")
    write_notice(f"updated the board in {one_line(place)}")


def _warn(place: str, why: str) -> None:
    write_notice(one_line(f"warning: the board in {place} is not up to date: {why}"))
