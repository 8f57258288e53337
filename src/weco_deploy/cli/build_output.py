"""Reports the result of a run to the build system that it runs in: annotations, a summary, outputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from weco_deploy.cli.streams import write_notice
from weco_deploy.local import build_systems
from weco_deploy.report.untrusted import one_line

if TYPE_CHECKING:
    from weco_deploy.report.build_report import BuildReport


def report_to_build(make: Callable[[], BuildReport]) -> None:
    """Report to the build system, if there is one. If that fails, a warning says so: it changes no result.

    Args:
        make: makes the report. It is called only if it is needed.

    """
    environ = os.environ
    github, buildkite, gitlab = (
        build_systems.at_github(environ),
        build_systems.at_buildkite(environ),
        build_systems.at_gitlab(environ),
    )
    if not (github or buildkite or gitlab):
        return
    try:
        report = make()
        if github:
            for line in report.github_commands():
                write_notice(line)
            build_systems.add_github_summary(report.summary, environ)
            build_systems.set_github_outputs(report.outputs(), environ)
        if buildkite:
            style = "success" if report.good else "error"
            build_systems.annotate_buildkite(report.summary, style, environ)
        if gitlab:
            build_systems.write_gitlab_variables(report.variables(), environ)
    except OSError as error:
        write_notice(f"warning: the build did not get the whole result: {one_line(str(error))}")
