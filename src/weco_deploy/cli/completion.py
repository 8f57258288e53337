"""Completes command lines: names from the project file, release ids that the last commands showed, branches and tags of git.

Nobody waits for a completion, and an error would appear in the middle of the line that is being typed. So it ends after a
fixed time, and writes no error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NoReturn

import click

from weco_deploy.cli.invocation import PROGRAM, Invocation

if TYPE_CHECKING:
    from weco_deploy.config.ids import ProjectIds

VARIABLE = "_WECO_DEPLOY_COMPLETE"
TIME = 0.2
"""Seconds, after Python has started."""

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def requested() -> bool:
    """Whether a shell asks this process for completions."""
    return os.environ.get(VARIABLE, "").endswith("_complete")


def complete(group: click.Group, invocation: Invocation) -> NoReturn:
    """Write the completions of the line that the shell passes in the environment, and exit."""
    from weco_deploy.cli.streams import silence
    from weco_deploy.local.interrupts import leave
    from weco_deploy.local.time_limit import exit_after

    exit_after(TIME)
    silence(sys.stderr)
    try:
        group.main(args=[], prog_name=PROGRAM, complete_var=VARIABLE, obj=invocation)
    except BaseException:  # noqa: BLE001 - also SystemExit, which click raises after the completions
        leave(0)
    leave(0)


def environments(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return _matching((name for project in _projects(ctx) for name in project.environments), incomplete)


def images(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return _matching((name for project in _projects(ctx) for name in project.images), incomplete)


def image_list(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The last of several images, with commas between them."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in images(ctx, param, last)]


def services(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return _matching((name for project in _projects(ctx) for name in project.services), incomplete)


def projects(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    return _matching((project.id for project in _all_projects(ctx)), incomplete)


def releases(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from weco_deploy.local.release_cache import cached_releases

    cached = cached_releases()
    ids = (release for project in _projects(ctx) for release in cached.get(project.id, ()))
    return _matching(["latest", *ids], incomplete)


def commits(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """`HEAD`, and the branches and tags of the git repository in the working directory."""
    from pathlib import Path  # as below

    from weco_deploy.local.git_process import run_git

    listed = run_git(Path.cwd(), "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
    return _matching(["HEAD", *(listed or "").split()], incomplete)


def _matching(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def _projects(ctx: click.Context) -> list[ProjectIds]:
    """The project that the global options name, or else all projects of the file."""
    given = ctx.find_root().params.get("project_id")
    return [project for project in _all_projects(ctx) if given in (None, project.id)]


def _all_projects(ctx: click.Context) -> tuple[ProjectIds, ...]:
    from pathlib import (
        Path,
    )  # not at the top: every command imports this module, and pathlib is slow to import

    from weco_deploy.config.ids import read_ids
    from weco_deploy.config.location import find

    given = ctx.find_root().params.get("project_file")
    return read_ids(Path(given) if given else find(Path.cwd()))
