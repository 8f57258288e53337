"""The summary of a run in Markdown: the verdict, each failure, the next commands, the commits by image, then the rest folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from weco_deploy.errors import DeployError
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ImageChange, ServiceOutcome
from weco_deploy.model.plan import Plan
from weco_deploy.model.release import Release
from weco_deploy.model.steps import StepOutcome
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.report.build_report import BuildReport, annotation_of, annotations_of, result_words
from weco_deploy.report.console import console_links
from weco_deploy.report.markdown import code_block, escaped, folded, table
from weco_deploy.report.next_steps import NextStep, Request, next_steps
from weco_deploy.report.outcomes import STATUS_WORDS, counts, essential, service_name, verdict
from weco_deploy.report.runs_now import runs_now
from weco_deploy.report.screen import Symbols
from weco_deploy.report.step_lines import step_name, step_result
from weco_deploy.report.wording import count, short_commit, short_id, version_names

Commits = Mapping[str, Sequence[Commit]]
"""The commits that a deployment brings, by image id, for the images whose history is known."""

_MOST_FAILURES = 30
_MOST_COMMITS = 20
_SYMBOLS = Symbols()


def deployment_report(
    deployment: Deployment,
    commits: Commits,
    repository: WebRepository | None,
    options: Sequence[str] = (),
    request: Request = None,
) -> BuildReport:
    """The report of a deployment. The next commands repeat the global `options` and the flags of `request`."""
    steps = next_steps(deployment, options, request)
    return BuildReport(
        good=deployment.status is DeploymentStatus.SUCCEEDED,
        summary=_text(_deployment(deployment, steps, commits, repository)),
        status=deployment.status.value,
        release_id=deployment.release_id,
        deployment_id=deployment.deployment_id,
        annotations=annotations_of(deployment),
    )


def plan_report(plan: Plan) -> BuildReport:
    """The report of a plan: what would move and be redeployed first, then the rest folded."""
    release_id = "" if plan.release_is_new else plan.release.release_id
    return BuildReport(good=True, summary=_text(_plan(plan)), release_id=release_id)


def already_newer_report(plan: Plan, newer: Deployment) -> BuildReport:
    """The report of a run that changed nothing, because `newer` brought newer images meanwhile."""
    text = f"Nothing was deployed: {plan.environment} is already newer"
    why = f"Release {short_id(newer.release_id)} was deployed there since this run began."
    return BuildReport(good=True, summary=_text((f"### {escaped(text)}", "", escaped(why))))


def release_report(release: Release) -> BuildReport:
    """The report of a release that was made; a dry run's has no id."""
    name = f"Release {short_id(release.release_id)}" if release.release_id else "The release"
    rows = ((image_id, version.ref if version else "–") for image_id, version in release.images.items())
    lines = (
        f"### {escaped(name)}",
        *folded(count(len(release.images), "image"), table(("image", "ref"), rows)),
    )
    return BuildReport(good=True, summary=_text(lines), release_id=release.release_id)


def error_report(error: DeployError, options: Sequence[str] = ()) -> BuildReport:
    """The report of an error from before a deployment was recorded."""
    hint = error.hinted(options)
    lines = (
        f"### {_SYMBOLS.bad} weco\\-deploy: nothing was deployed",
        *code_block(error.message.split("\n")),
    )
    return BuildReport(
        good=False,
        summary=_text((*lines, *(code_block([hint]) if hint else ()))),
        status=error.code,
        annotations=(annotation_of(error, options),),
    )


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines).rstrip() + "\n"


def _deployment(
    deployment: Deployment, steps: Sequence[NextStep], commits: Commits, repository: WebRepository | None
) -> Iterator[str]:
    yield from _verdict(deployment)
    if deployment.rollback:
        yield from ("#### Rollback", "", *_verdict(deployment.rollback, level=""))
    if running := runs_now(deployment):
        yield from ("", "#### Runs now", "", *(f"- {escaped(line)}" for line in running))
    if steps:
        yield from ("", "#### Next")
        for step in steps:
            yield from ("", f"{escaped(step.when)}:", *code_block([step.command]))
    yield from _commits(deployment, commits, repository)
    yield from ("", *folded("All images and services", _everything(deployment)))


def _verdict(deployment: Deployment, level: str = "### ") -> Iterator[str]:
    yield f"{level}{escaped(verdict(deployment, _SYMBOLS))}"
    yield ""
    yield escaped(counts(outcome.status for outcome in deployment.services))
    if deployment.reason:
        yield from ("", escaped(deployment.reason))
    yield ""
    for step in deployment.steps:
        if step.bad:
            yield from _bad_step(step)
    bad = deployment.services_to_blame
    for outcome in bad[:_MOST_FAILURES]:
        yield from _failure(outcome)
    if len(bad) > _MOST_FAILURES:
        yield from (f"and {len(bad) - _MOST_FAILURES} more", "")


def _bad_step(step: StepOutcome) -> Iterator[str]:
    yield f"**{escaped(step_name(step))}** {escaped(step_result(step))}"
    yield ""
    yield from code_block(step.log_lines)


def _failure(outcome: ServiceOutcome) -> Iterator[str]:
    reason = f": {escaped(outcome.reason)}" if outcome.reason else ""
    name = service_name(outcome.service_id, outcome.key)
    links = console_links(outcome.key)
    pages = f" ([service]({links.service}), [logs]({links.logs}))" if links else ""
    yield f"**{escaped(name)}** {escaped(result_words(outcome))}{reason}{pages}"
    yield ""
    for failure in essential(outcome.failures):
        container = f"container {failure.container}: " if failure.container else ""
        yield escaped(f"{container}{failure.message}")
        yield ""  # otherwise the next message would go on in the same paragraph
        yield from code_block(failure.log_lines)
    yield ""


def _commits(deployment: Deployment, commits: Commits, repository: WebRepository | None) -> Iterator[str]:
    changed = [change for change in deployment.images.values() if not change.unchanged]
    if changed:
        yield from ("", f"#### {count(len(changed), 'image')} changed", "")
    for change in changed:
        before, now = _versions(change)
        found = commits.get(change.image_id, ())
        number = f" ({count(len(found), 'commit')})" if found else ""
        yield f"- **{escaped(change.image_id)}** {escaped(before)} → {escaped(now)}{number}"
        for commit in found[:_MOST_COMMITS]:
            yield f"    - {_commit(commit, repository)}"
        if len(found) > _MOST_COMMITS:
            yield f"    - and {len(found) - _MOST_COMMITS} more"


def _commit(commit: Commit, repository: WebRepository | None) -> str:
    name = escaped(short_commit(commit.commit))
    if repository:
        name = f"[{name}]({repository.commit(commit.commit)})"
    return f"{name} {escaped(commit.subject)}, {escaped(commit.author)}"


def _versions(change: ImageChange) -> tuple[str, str]:
    return version_names(change.from_commit, change.from_digest, change.to_commit, change.to_digest)


def _everything(deployment: Deployment) -> Iterator[str]:
    images = (
        (change.image_id, *_versions(change), "yes" if change.tag_moved else "no")
        for change in deployment.images.values()
    )
    yield from table(("image", "before", "now", "tag moved"), images)
    steps = ((step_name(step), step_result(step)) for step in deployment.steps)
    yield from table(("step", "result"), steps)
    services = (
        (outcome.service_id, STATUS_WORDS[outcome.status], outcome.reason) for outcome in deployment.services
    )
    yield from table(("service", "status", "reason"), services)


def _plan(plan: Plan) -> Iterator[str]:
    what = f"{count(len(plan.moves), 'tag')} to move, {count(len(plan.redeploys), 'service')} to redeploy"
    yield f"### Plan for {escaped(plan.environment)}: {what if plan.changes else 'nothing to do'}"
    for gate in plan.closed_gates:
        yield from (
            "",
            f"{_SYMBOLS.bad} **{escaped(gate.message)}**: {escaped('; '.join(gate.reasons))}",
            *code_block([gate.hint]),
        )
    for warning in plan.warnings:
        yield from ("", f"⚠ {escaped(warning)}")
    moves = (
        (
            image.image_id,
            image.tag,
            *version_names(image.from_commit, image.from_digest, image.to_commit, image.manifest.digest),
        )
        for image in plan.moves
    )
    yield from table(("image", "tag", "now", "then"), moves)
    yield from table(
        ("task before the restart", "action", "why"),
        ((task.id, task.action.value, task.why) for task in plan.tasks),
    )
    if len(plan.waves) > 1:
        rows = ((service.service_id, str(service.wave), service.why) for service in plan.redeploys)
        yield from table(("service", "wave", "why"), rows)
    else:
        yield from table(("service", "why"), ((found.service_id, found.why) for found in plan.redeploys))
    yield from table(
        ("check", "advisory"),
        ((planned.id, "yes" if planned.check.advisory else "") for planned in plan.checks),
    )
    rest = [service for service in plan.services if service not in plan.redeploys]
    rows = ((service.service_id, service.action.value, service.why) for service in rest)
    yield from folded(count(len(rest), "other service"), table(("service", "action", "why"), rows))
