"""Renders a board as a static site: HTML pages that make no requests and contain no scripts.

Every text is escaped by Jinja2, since descriptions, commit subjects and log lines come from others. Should a text get through
all the same, a Content-Security-Policy keeps browsers from running or loading anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from weco_deploy.model.board import Board
from weco_deploy.report.board.deployments import deployment_page
from weco_deploy.report.board.environments import environment_page, index_page
from weco_deploy.report.board.parts import INDEX, moment, page_of_deployment, page_of_environment
from weco_deploy.report.untrusted import log_line

_PACKAGE = "weco_deploy.report.board"


def board_pages(board: Board, options: Sequence[str] = ()) -> Mapping[str, str]:
    """The pages of the site by path, with slashes. Suggested commands repeat the global `options`."""
    deployments = [details for listed in board.deployments.values() for details in listed]
    pages = {INDEX: _rendered("index.html", board, "", index_page(board))}
    for id_ in board.status.environments:
        page = environment_page(id_, board)
        pages[page_of_environment(id_)] = _rendered("environment.html", board, "../", page)
    for details in deployments:
        view = deployment_page(details, board.pages, board.repository, options)
        path = page_of_deployment(details.deployment.deployment_id)
        pages[path] = _rendered("deployment.html", board, "../", view)
    return pages


def _rendered(template: str, board: Board, root: str, page: object) -> str:
    """A page from its template. `root` leads from the page to the site's root."""
    style, style_hash = _style()
    return (
        _templates()
        .get_template(template)
        .render(
            page=page,
            root=root,
            project_name=board.project_name,
            at=moment(board.status.at),
            environments=[(id_, page_of_environment(id_)) for id_ in board.status.environments],
            style=style,
            style_hash=style_hash,
        )
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _harmless(value: object) -> object:
    """A text without control characters and marks that change the direction of the text after it. Markup is escaped already."""
    return log_line(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def _style() -> tuple[str, str]:
    """The style sheet, and its hash for the Content-Security-Policy. It is in each page, so that a page can be moved alone."""
    source = resources.files(_PACKAGE).joinpath("templates", "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return source, f"sha256-{digest}"
