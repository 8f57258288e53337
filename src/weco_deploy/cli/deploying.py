"""What the commands that deploy do, and `plan` and `confirm-deploy`, which tell of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from weco_deploy.cli import exit_codes, prompts
from weco_deploy.cli.event_output import Telling, approval
from weco_deploy.cli.invocation import Invocation
from weco_deploy.cli.options import DeployFlags
from weco_deploy.cli.output import answer
from weco_deploy.cli.project_context import Opened
from weco_deploy.cli.releasing import description_of, label_of, release_of, unsaved
from weco_deploy.cli.streams import write_notice
from weco_deploy.errors import UsageError
from weco_deploy.model.deployment import Deployment, Kind
from weco_deploy.model.plan import Plan
from weco_deploy.model.release import Release
from weco_deploy.model.requests import (
    DEFAULT_DESCRIPTION,
    DEFAULT_ROLLBACK_DESCRIPTION,
    ConfirmRequest,
    DeployRequest,
)
from weco_deploy.operations import confirm as confirming
from weco_deploy.operations import deploy as operations
from weco_deploy.operations.gates import check_label
from weco_deploy.operations.promote import running_release
from weco_deploy.operations.release import choose, compared, labelled_release
from weco_deploy.operations.rollback import earlier_release
from weco_deploy.pipeline import concurrent_calls
from weco_deploy.report.documents import deployment_document, plan_document
from weco_deploy.report.screen import Screen

WHERE_TO = "Environment to deploy to"
WHICH_RELEASE = "Release to deploy"


def deploy(
    invocation: Invocation, *, release_id: str | None, environment_id: str | None, flags: DeployFlags
) -> int:
    """Deploy a release, or with --dry-run show what that would do. Answers the exit code."""
    opened = Opened(invocation, "deploy")
    named = release_of(opened.settings, release_id, WHICH_RELEASE)
    target = opened.environment(environment_id, WHERE_TO)
    about = _about(opened, flags)
    request = _request(choose(opened.ports, named), target, about, flags)
    return _carried_out(opened, request)


def release_deploy(
    invocation: Invocation, *, from_label: str | None, environment_id: str | None, flags: DeployFlags
) -> int:
    """Deploy a release that is made for it: it is recorded with the deployment, or not at all."""
    opened = Opened(invocation, "release-deploy")
    label = label_of(opened.settings, from_label)
    target = opened.environment(environment_id, WHERE_TO)
    about = _about(opened, flags)
    check_label(label, flags.override_gate, opened.ports)
    release = labelled_release(opened.ports, from_label=label, description=about)
    request = replace(_request(release, target, about, flags), new_release=True)
    return _carried_out(opened, request, _introduction(opened, release))


def _nothing() -> None:
    """There is nothing to introduce."""


def _introduction(opened: Opened, release: Release) -> Callable[[], None]:
    """Shows, the first time it is called, what is new in the release.

    What it is compared with is looked up meanwhile: the deployment need not wait for it.
    """
    if opened.settings.json:
        return _nothing
    comparison = concurrent_calls.begin(partial(compared, opened.ports, release))

    @cache
    def introduce() -> None:
        from weco_deploy.report.release_text import prepared_text

        prepared = comparison.result()
        shown = unsaved(prepared) if opened.settings.dry_run else prepared
        write_notice(prepared_text(shown, Screen.of(sys.stderr)))

    return introduce


def promote(invocation: Invocation, *, source: str | None, target: str | None, flags: DeployFlags) -> int:
    """Deploy to one environment what another one runs. Answers the exit code."""
    opened = Opened(invocation, "promote")
    # Nobody watches a pipeline: there a forgotten flag must not reach prod.
    usual = ("stage", "prod") if prompts.somebody_is_there() else (None, None)
    from_id = opened.environment(source, "Environment to promote from", flag="--from", default=usual[0])
    to_id = opened.environment(target, "Environment to promote to", flag="--to", default=usual[1])
    if from_id == to_id:
        raise UsageError(
            f"--from and --to are both {from_id}: there is nothing to promote", "name two environments"
        )
    about = _about(opened, flags, f"Promoted from {from_id}")
    release, new = running_release(opened.ports, from_id, override=flags.override_gate)
    request = _request(release, to_id, about, flags)
    return _carried_out(opened, replace(request, new_release=new, kind=Kind.PROMOTE))


def rollback(
    invocation: Invocation, *, environment_id: str | None, to_release: str | None, flags: DeployFlags
) -> int:
    """Deploy a release that an environment ran before. Answers the exit code."""
    opened = Opened(invocation, "rollback")
    target = opened.environment(environment_id, "Environment to roll back", default=None)
    named = prompts.optional(
        opened.settings,
        to_release,
        question="Release to go back to",
        otherwise="the last one that worked before",
    )
    about = _about(opened, flags, DEFAULT_ROLLBACK_DESCRIPTION)
    release, new = earlier_release(opened.ports, target, named, write_notice)
    request = _request(release, target, about, flags)
    return _carried_out(opened, replace(request, new_release=new, kind=Kind.ROLLBACK))


def plan(
    invocation: Invocation,
    *,
    release_id: str | None,
    environment_id: str | None,
    flags: DeployFlags,
    detailed_exitcode: bool,
) -> int:
    """Show what deploying would do. Answers the exit code: with `detailed_exitcode` 2 if that is anything."""
    opened = Opened(invocation, "plan")
    named = release_of(opened.settings, release_id, WHICH_RELEASE)
    target = opened.environment(environment_id, WHERE_TO)
    about = flags.description or DEFAULT_DESCRIPTION
    request = _request(choose(opened.ports, named), target, about, flags)
    changes = _shown(opened, request).changes
    return exit_codes.CHANGES if detailed_exitcode and changes else exit_codes.DONE


def confirm(
    invocation: Invocation,
    *,
    release_id: str | None,
    environment_id: str | None,
    confirmation_wait_for: float,
    confirmation_interval: float,
) -> int:
    """Watch a deployment that was made before; with --dry-run nothing is recorded. Answers the exit code."""
    opened = Opened(invocation, "confirm-deploy")
    named = prompts.optional(
        opened.settings,
        release_id,
        question="Release whose deployment to confirm",
        otherwise="the environment's last deployment",
    )
    request = ConfirmRequest(
        environment_id=opened.environment(environment_id, "Environment it was deployed to"),
        release_id=named,
        wait=confirmation_wait_for,
        interval=confirmation_interval,
        recorded=not opened.settings.dry_run,
    )
    invocation.request = request
    with Telling(invocation, opened.ports.clock.utc) as tell:
        deployment = confirming.confirm(request, opened.ports, tell)
    return _answered(opened, deployment)


def _about(opened: Opened, flags: DeployFlags, default: str = DEFAULT_DESCRIPTION) -> str:
    """The description; nobody need think of one for a dry run."""
    if opened.settings.dry_run:
        return flags.description or default
    return description_of(opened.settings, flags.description, default)


def _request(release: Release, environment_id: str, description: str, flags: DeployFlags) -> DeployRequest:
    return DeployRequest(
        release=release,
        environment_id=environment_id,
        description=description,
        wait=flags.confirmation_wait_for,
        interval=flags.confirmation_interval,
        lease=flags.lock_lease,
        wait_for_lock=flags.wait_for_lock,
        force_redeploy=flags.force_redeploy,
        allow_missing=flags.allow_missing,
        rollback_on_failure=flags.rollback_on_failure,
        override_gate=flags.override_gate,
    )


def _carried_out(opened: Opened, request: DeployRequest, introduce: Callable[[], None] = _nothing) -> int:
    """Deploy; `introduce` is called before a plan is shown that changes something."""
    if opened.settings.dry_run:
        introduce()
        _shown(opened, request)
        return exit_codes.DONE
    opened.invocation.request = request
    with Telling(opened.invocation, opened.ports.clock.utc) as tell:
        approve = approval(opened, tell)

        def approved(planned: Plan) -> bool:
            introduce()
            return approve(planned)

        deployment = operations.deploy(request, opened.ports, approved, tell)
    return _answered(opened, deployment)


def _shown(opened: Opened, request: DeployRequest) -> Plan:
    planned = operations.plan(request, opened.ports)

    def text(screen: Screen) -> str:
        from weco_deploy.report.plan_text import plan_text

        return plan_text(planned, screen, opened.where(planned.environment))

    answer(opened.settings, lambda: plan_document(planned), text)
    return planned


def _answered(opened: Opened, deployment: Deployment) -> int:
    def text(screen: Screen) -> str:
        from weco_deploy.report.deployment_text import deployment_text

        return deployment_text(deployment, screen, opened.options, request)

    request = opened.invocation.request
    answer(opened.settings, lambda: deployment_document(deployment, opened.options, request), text)
    return exit_codes.of_deployment(deployment)
