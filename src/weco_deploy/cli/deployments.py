"""Shared by the commands that deploy, including `plan` and `confirm-deploy`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from weco_deploy import exit_codes
from weco_deploy.cli import prompts
from weco_deploy.cli.board_update import update_board
from weco_deploy.cli.build_output import report_to_build
from weco_deploy.cli.event_output import EventOutput, approval
from weco_deploy.cli.github_sink import add_github_sink
from weco_deploy.cli.message_sinks import add_message_sinks
from weco_deploy.cli.output import print_result
from weco_deploy.cli.project_context import ProjectContext
from weco_deploy.cli.repeated_options import request_for
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.plan import Plan
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DEFAULT_DESCRIPTION, DeployOptions, DeployRequest, flags
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.operations import deploy as operations
from weco_deploy.operations.gates import check
from weco_deploy.operations.release import choose
from weco_deploy.report.documents import already_newer_document, deployment_document, plan_document
from weco_deploy.report.screen import Screen

if TYPE_CHECKING:
    from weco_deploy.report.build_report import BuildReport

WHERE_TO = "Environment to deploy to"
WHICH_RELEASE = "Release to deploy"


def release_and_environment(
    context: ProjectContext, release_id: str | None, environment_id: str | None
) -> tuple[Release, str]:
    """The release, and the environment's id: given, asked for, or the defaults.

    An unknown environment is refused before the user is asked for the release, and an unknown release before the user is asked
    for the environment. Without questions, a missing environment is refused before AWS is asked for the release.
    """
    context.check_environment(environment_id)
    text = context.release(release_id, WHICH_RELEASE)
    if environment_id is None and prompts.may_ask(context.settings):
        release = choose(context.ports, text)
        return release, context.environment(None, WHERE_TO)
    environment = context.environment(environment_id, WHERE_TO)
    return choose(context.ports, text), environment


def description(context: ProjectContext, given: str | None, default: str = DEFAULT_DESCRIPTION) -> str:
    """The description: given, asked for, or the default. A dry run does not ask."""
    if context.settings.dry_run:
        return given or default
    return context.description(given, default)


def deploy_request(
    release: Release, environment_id: str, description: str, given: DeployOptions
) -> DeployRequest:
    """The request to deploy `release` with the given options."""
    options = {name: getattr(given, name) for name in flags(DeployOptions)}
    return DeployRequest(release=release, environment_id=environment_id, description=description, **options)


def _no_introduction() -> None:
    pass


def deploy(
    context: ProjectContext, request: DeployRequest, introduce: Callable[[], None] = _no_introduction
) -> int:
    """Deploy or, with --dry-run, show the plan. Return the exit code.

    `introduce` is called before a plan with changes is shown.
    """
    if context.settings.dry_run:
        plan = operations.plan(request, context.ports)
        if not context.settings.json:  # otherwise the error is the only document
            introduce()
            _write_plan(context, plan)
        for gate in plan.closed_gates:
            check(gate)
        if context.settings.json:
            _write_plan(context, plan)
        return exit_codes.DONE
    context.invocation.request = replace(request, board=context.settings.board)
    add_message_sinks(context, request.environment_id)
    add_github_sink(context, request.environment_id)
    if context.settings.board is not None:
        context.invocation.update_board = partial(update_board, context, context.settings.board)
    with EventOutput(
        context.invocation, context.ports.clock.utc, environment=request.environment_id
    ) as output:
        approve = approval(context, output)

        def approved(plan: Plan) -> bool:
            introduce()
            return approve(plan)

        try:
            deployment = operations.deploy(request, context.ports, approved, output)
        except operations.AlreadyNewer as ended:
            return _show_already_newer(context, ended.plan, ended.newer)
    return show_result(context, deployment)


def _show_already_newer(context: ProjectContext, plan: Plan, newer: Deployment) -> int:
    def text(screen: Screen) -> str:
        from weco_deploy.report.plan_text import already_newer_text

        return already_newer_text(plan, newer, screen)

    def build_report() -> BuildReport:
        from weco_deploy.report.build_summary import already_newer_report

        return already_newer_report(plan, newer)

    print_result(context.settings, lambda: already_newer_document(plan, newer), text)
    report_to_build(build_report)
    return exit_codes.DONE


def show_plan(context: ProjectContext, request: DeployRequest) -> Plan:
    """Plan the deployment, write the plan as the result, and return it. It shows closed gates, which are no error here."""
    plan = operations.plan(request, context.ports)
    _write_plan(context, plan)
    return plan


def _write_plan(context: ProjectContext, plan: Plan) -> None:
    def text(screen: Screen) -> str:
        from weco_deploy.report.plan_text import Purpose, plan_text

        return plan_text(
            plan,
            screen,
            context.where(plan.environment),
            purpose=Purpose.DRY_RUN if context.settings.dry_run else Purpose.PLAN,
            unchanged=context.settings.verbose,
        )

    def build_report() -> BuildReport:
        from weco_deploy.report.build_summary import plan_report

        return plan_report(plan)

    print_result(context.settings, lambda: plan_document(plan, dry_run=context.settings.dry_run), text)
    report_to_build(build_report)


def show_result(context: ProjectContext, deployment: Deployment) -> int:
    """Write the deployment as the result, and return its exit code."""
    request = context.invocation.request

    def text(screen: Screen) -> str:
        from weco_deploy.report.deployment_text import deployment_text

        repeated = request_for(sys.stdout, context.invocation)
        return deployment_text(deployment, screen, context.options_shown, repeated)

    def build_report() -> BuildReport:
        from weco_deploy.operations.changes import commits_by_image
        from weco_deploy.report.build_summary import deployment_report

        commits = commits_by_image(context.ports, deployment)
        repository = WebRepository.of(context.ports.history.remote_url())
        return deployment_report(deployment, commits, repository, context.options, request)

    print_result(context.settings, lambda: deployment_document(deployment, context.options, request), text)
    report_to_build(build_report)
    return exit_codes.of_deployment(deployment)
