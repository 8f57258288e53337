"""Serves the board to this machine, and keeps it up to date, until Ctrl-C."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from weco_deploy.cli.board_pages import Render
from weco_deploy.cli.invocation import Settings
from weco_deploy.cli.streams import write_result
from weco_deploy.errors import AwsError, Interrupted, UsageError
from weco_deploy.local.site_server import SiteServer
from weco_deploy.report.untrusted import one_line

if TYPE_CHECKING:
    from weco_deploy.model.board import Board
    from weco_deploy.operations.board import BoardReader
    from weco_deploy.ports import Ports

WHILE_DEPLOYING = timedelta(seconds=10)
OTHERWISE = timedelta(seconds=60)
"""How old a page becomes before it is read again, if somebody looks at it."""
_LOOK = 0.5


def check_can_serve(settings: Settings) -> None:
    if settings.json:
        raise UsageError(
            "--serve can't be combined with --output json, which prints one document",
            "write the pages with --out, or leave --output json out",
        )


def serve(ports: Ports, reader: BoardReader, render: Render, port: int) -> None:
    """Serve the board until somebody interrupts, which is how it ends: it is no failure.

    The first look at AWS may fail; afterwards the pages say what could not be read. AWS is asked only while pages are requested.
    """
    with closing(SiteServer(port)) as server:
        try:
            board = reader.read()
            server.show(render(board, follow=True))
            with server.serving():
                write_result(f"the board is at {server.url}; Ctrl-C ends")
                _keep_up_to_date(ports, reader, render, server, board)
        except Interrupted:
            return


def _keep_up_to_date(
    ports: Ports, reader: BoardReader, render: Render, server: SiteServer, board: Board
) -> None:
    read_at = board.status.at
    while True:
        ports.clock.wait(_LOOK)
        requested = server.take_request()
        if not requested or ports.clock.utc() - read_at < _age_allowed(board):
            continue
        trouble = ""
        try:
            board = reader.read()
        except AwsError as error:
            trouble = f"AWS can't be read now: {one_line(error.message)}"
        read_at = ports.clock.utc()
        server.show(render(board, follow=True, trouble=trouble))


def _age_allowed(board: Board) -> timedelta:
    deploying = any(state.in_progress or state.unfinished for state in board.status.readable.values())
    return WHILE_DEPLOYING if deploying else OTHERWISE
