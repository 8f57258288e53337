from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from weco_deploy.cli import options
from weco_deploy.cli.command import Command
from weco_deploy.cli.invocation import Invocation
from weco_deploy.model.requests import DeployOptions

if TYPE_CHECKING:
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.model.release import Release


@click.command(
    "release-deploy", cls=Command, short_help="Make a release and deploy it: prepare and deploy in one."
)
@options.from_label
@options.commit
@options.wait_for_images
@options.allow_partial
@options.environment_id
@options.deploy_options
@click.pass_obj
def release_deploy(
    invocation: Invocation,
    *,
    from_label: str | None,
    commit: str | None,
    wait_for_images: float,
    allow_partial: bool,
    environment_id: str | None,
    description: str | None,
    given: DeployOptions,
) -> int:
    """Make a release of the images that a label points at, or of a commit, deploy it and watch.

    The release is recorded when its deployment begins: answering no leaves nothing behind.
    """
    from dataclasses import replace

    from weco_deploy.cli import deployments
    from weco_deploy.cli.project_context import ProjectContext
    from weco_deploy.cli.releases import check_sources, show_waiting
    from weco_deploy.model.requests import ReleaseRequest
    from weco_deploy.operations.gates import check_label
    from weco_deploy.operations.prepare import make_release

    check_sources(from_label, commit)
    context = ProjectContext(invocation, "release-deploy")
    context.check_environment(environment_id)
    label = context.label(from_label) if commit is None else None
    environment = context.environment(environment_id, deployments.WHERE_TO)
    description = deployments.description(context, description)
    if label is not None:
        check_label(label, given.override_gate, context.ports)
    wanted = ReleaseRequest(
        description=description,
        from_label=label,
        commit=commit,
        wait_for_images=wait_for_images,
        allow_partial=allow_partial,
    )
    release = make_release(context.ports, wanted, show_waiting)
    request = replace(deployments.deploy_request(release, environment, description, given), new_release=True)
    return deployments.deploy(context, request, _introduction(context, release))


def _introduction(context: ProjectContext, release: Release) -> Callable[[], None]:
    """Return a function that shows what is new in the release, the first time that it is called.

    The previous release is read concurrently, so that the deployment need not wait for it.
    """
    import sys
    from functools import cache, partial

    from weco_deploy.cli.releases import unsaved
    from weco_deploy.cli.streams import write_notice
    from weco_deploy.operations.release import compared
    from weco_deploy.report.screen import Screen

    if context.settings.json:
        return lambda: None
    comparison = context.ports.calls.begin(partial(compared, context.ports, release))

    @cache
    def introduce() -> None:
        from weco_deploy.report.release_text import prepared_text

        prepared = comparison.result()
        shown = unsaved(prepared) if context.settings.dry_run else prepared
        write_notice(
            prepared_text(
                shown, Screen.of(sys.stderr, context.ports.clock.utc()), unchanged=context.settings.verbose
            )
        )

    return introduce
