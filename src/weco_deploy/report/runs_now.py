"""What runs after a deployment that did not succeed, as of its last poll."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from weco_deploy.model.deployment import (
    OBSERVED,
    Deployment,
    DeploymentStatus,
    ImageChange,
    ServiceOutcome,
    ServiceStatus,
)
from weco_deploy.model.running_tasks import RunningTasks
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count, listed, listed_briefly, short_id, version_name

_MOST_NAMES = 5
_MOST_VERSIONS = 3
"""If services run more versions from before than these, the lines don't name them. The list of images that changed does."""


def runs_now(deployment: Deployment) -> tuple[str, ...]:
    """Lines such as `search-api: 7b90a75 (as before), 2 of 2 tasks`, with services that run alike together.

    After a rollback, the lines show the services as the rollback left them. Empty while the deployment is in progress, after a
    success, and if the record has no task counts, because an earlier version of the tool wrote it.
    """
    last = deployment.rollback or deployment
    if last is not deployment and last.status is DeploymentStatus.SUCCEEDED:
        return (f"release {short_id(last.release_id)} again, in {count(len(last.services), 'service')}",)
    if not last.finished or last.status in (DeploymentStatus.SUCCEEDED, DeploymentStatus.UNVERIFIED):
        return ()
    return tuple(_lines(last))


def _lines(deployment: Deployment) -> Iterator[str]:
    alike: dict[str, list[ServiceOutcome]] = {}
    released = []
    for outcome in deployment.services:
        if outcome.status in OBSERVED:
            released.append(outcome.service_id)
        elif outcome.status is not ServiceStatus.NOTHING_RUNNING and outcome.tasks is not None:
            alike.setdefault(_text(outcome, outcome.tasks, deployment.images), []).append(outcome)
    as_before = [text for text, outcomes in alike.items() if _runs_as_before(outcomes[0])]
    if len(as_before) > _MOST_VERSIONS:
        several = [outcome for text in as_before for outcome in alike.pop(text)]
        yield f"{_names(several)}: what ran before, {_all_tasks(several)}"
    for text, outcomes in alike.items():
        yield f"{_names(outcomes)}: {text}"
    if released and (alike or as_before):
        names = listed(released) if len(released) <= _MOST_NAMES else f"the other {len(released)} services"
        yield f"{names}: release {short_id(deployment.release_id)}"


def _names(outcomes: Sequence[ServiceOutcome]) -> str:
    return listed_briefly([outcome.service_id for outcome in outcomes], _MOST_NAMES)


def _runs_as_before(outcome: ServiceOutcome) -> bool:
    tasks = outcome.tasks
    return tasks is not None and tasks.old > 0 and not tasks.new and bool(tasks.old_digests)


def _all_tasks(outcomes: Iterable[ServiceOutcome]) -> str:
    tasks = [outcome.tasks for outcome in outcomes if outcome.tasks]
    return f"{sum(found.old for found in tasks)} of {count(sum(found.desired for found in tasks), 'task')}"


def _text(outcome: ServiceOutcome, tasks: RunningTasks, changes: Mapping[str, ImageChange]) -> str:
    running = tasks.new + tasks.old
    old = _versions(tasks.old_digests, changes)
    if not running:
        return f"nothing: none of {count(tasks.desired, 'task')} is running"
    if outcome.status is ServiceStatus.UNVERIFIED:
        return f"{_of(running, tasks)}, image unknown"
    if not tasks.new:
        return (
            f"{old} (as before), {_of(tasks.old, tasks)}"
            if old
            else f"{_of(tasks.old, tasks)}, none of them of this deployment"
        )
    if not tasks.old:
        return f"{_of(tasks.new, tasks)}, all of this deployment"
    before = f"run {old} as before" if old else "are of other deployments"
    if tasks.old == 1:
        before = f"runs {old} as before" if old else "is of another deployment"
    return f"a mix: {count(tasks.old, 'task')} {before}, {tasks.new} {'is' if tasks.new == 1 else 'are'} of this deployment"


def _of(number: int, tasks: RunningTasks) -> str:
    return f"{number} of {count(tasks.desired, 'task')}"


def _versions(digests: Mapping[str, str], changes: Mapping[str, ImageChange]) -> str:
    """`7b90a75`, or `search 7b90a75, items 08c586a` for the images that changed, if a service runs several."""
    names = {image_id: _version(digest, changes.get(image_id)) for image_id, digest in digests.items()}
    if len(names) == 1:
        return next(iter(names.values()))
    changed = {
        image_id: name
        for image_id, name in names.items()
        if image_id not in changes or changes[image_id].to_digest != digests[image_id]
    }
    return ", ".join(f"{one_line(image_id)} {name}" for image_id, name in (changed or names).items())


def _version(digest: str, change: ImageChange | None) -> str:
    if change is not None and digest == change.from_digest:
        return version_name(change.from_commit, digest)
    if change is not None and digest == change.to_digest:
        return version_name(change.to_commit, digest)
    return version_name(None, digest)
