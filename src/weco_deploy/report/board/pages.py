"""Renders a board as a static site: HTML pages that make no requests and contain no scripts, except where a server keeps them up to date.

Every text is escaped by Jinja2, since descriptions, commit subjects and log lines come from others. Should a text get through
all the same, a Content-Security-Policy keeps browsers from running or loading anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined

from weco_deploy.model.board import Board
from weco_deploy.report.board.deployments import deployment_page
from weco_deploy.report.board.environments import environment_page, index_page
from weco_deploy.report.board.parts import INDEX, moment, page_of_deployment, page_of_environment
from weco_deploy.report.untrusted import log_line

_PACKAGE = "weco_deploy.report.board"


def board_pages(
    board: Board, options: Sequence[str] = (), *, follow: bool = False, trouble: str = ""
) -> Mapping[str, str]:
    """The pages of the site by path, with slashes.

    Args:
        board: what the pages show.
        options: the global options that suggested commands repeat.
        follow: whether the pages keep themselves up to date, with a script. They then need a server.
        trouble: why the pages show an earlier state; empty if they don't.

    """
    render = partial(_rendered, board=board, script=_inline("follow.js") if follow else None, trouble=trouble)
    deployments = [details for listed in board.deployments.values() for details in listed]
    pages = {INDEX: render("index.html", "", index_page(board))}
    for id_ in board.status.environments:
        pages[page_of_environment(id_)] = render(
            "environment.html", "../", environment_page(id_, board, options)
        )
    for details in deployments:
        view = deployment_page(details, board.pages, board.repository, options)
        pages[page_of_deployment(details.deployment.deployment_id)] = render("deployment.html", "../", view)
    return pages


def _rendered(
    template: str, root: str, page: object, *, board: Board, script: _Inline | None, trouble: str
) -> str:
    """A page from its template. `root` leads from the page to the site's root."""
    return (
        _templates()
        .get_template(template)
        .render(
            page=page,
            root=root,
            project_name=board.project_name,
            at=moment(board.status.at),
            environments=[(id_, page_of_environment(id_)) for id_ in board.status.environments],
            style=_inline("style.css"),
            script=script,
            trouble=trouble,
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


@dataclass(frozen=True, slots=True)
class _Inline:
    """A style sheet or script of ours, which is in each page so that a page can be moved alone.

    `hash` allows it in the Content-Security-Policy.
    """

    source: str
    hash: str


@cache
def _inline(name: str) -> _Inline:
    source = resources.files(_PACKAGE).joinpath("templates", name).read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
    return _Inline(source, f"sha256-{digest}")
