"""Sentences about a plan: its title, what it does, and the question before it is carried out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import DeploymentStatus
from weco_deploy.model.direction import Direction
from weco_deploy.model.environment import CurrentRelease
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Action, Plan, PlannedImage
from weco_deploy.model.planned_task import TaskAction
from weco_deploy.report.screen import Screen
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count, day, listed, local_time, moment, short_id

_ENDED = {
    DeploymentStatus.FAILED: "failed",
    DeploymentStatus.TIMED_OUT: "timed out",
    DeploymentStatus.INTERRUPTED: "was interrupted",
    DeploymentStatus.ROLLED_BACK: "was rolled back",
}
_LASTING = {
    DeploymentStatus.SUCCEEDED: "has been running",
    DeploymentStatus.UNVERIFIED: "has been deployed",
    DeploymentStatus.IN_PROGRESS: "has been in deployment",
}


def question(plan: Plan, where: str, now: datetime) -> str:
    """Whether to carry out the plan: what goes where, what the environment has now, and how much changes.

    `where` names the accounts and regions, and `now` is the time in UTC.
    """
    environment = one_line(plan.environment)
    place = one_line(where)
    there = f"{environment} {place}" if place.startswith("in ") else f"{environment} ({place})"
    there += f", where {_current(plan, now)}"
    if plan.kind is Kind.ROLLBACK:
        there += ","
    return f"{_act(plan, _release(plan), there)}: {work(plan)}?"


def title(plan: Plan) -> str:
    """What the plan does: `deploy release 8f14e45f (12 commits by 4 people) of catalogue_api to prod`."""
    text = _act(plan, f"{_release(plan)} of {one_line(plan.project_id)}", one_line(plan.environment))
    return f"{text[0].lower()}{text[1:]}"


def what_is_there(plan: Plan, screen: Screen) -> str:
    """The release that the environment has now, and since when."""
    environment, current = one_line(plan.environment), plan.current
    if current is None:
        return f"nothing was deployed to {environment} yet"
    text = f"{environment} now: release {short_id(current.release_id)}{_others(current)}"
    if current.status in _ENDED:
        ended = f", which {_ENDED[current.status]}"
        if current.since is None:
            return f"{text}{ended}"
        at = "" if screen.now else "at "
        return f"{text}{ended} {at}{moment(current.since, screen)}"
    lasting = _LASTING[current.status].removeprefix("has been ")
    return f"{text}, {lasting}{f' since {moment(current.since, screen)}' if current.since else ''}"


def work(plan: Plan) -> str:
    """What is done with tags, tasks and services: `move 3 tags, run migrate, redeploy 5 of 40 services`."""
    total = len(plan.services)
    numbers = {action: sum(service.action is action for service in plan.services) for action in Action}
    parts = [f"move {count(len(plan.moves), 'tag')}"] if plan.moves else []
    for action, word in ((TaskAction.RUN, "run"), (TaskAction.ADOPT, "wait for")):
        if tasks := [task.id for task in plan.tasks if task.action is action]:
            parts.append(f"{word} {listed(tasks)}")
    parts += [
        f"{word} {number} of {count(total, 'service')}" if number < total else f"{word} {_all(total)}"
        for word, number in (("redeploy", numbers[Action.REDEPLOY]), ("watch", numbers[Action.ADOPT]))
        if number
    ]
    waves = sum(wave.changes for wave in plan.waves)
    if waves > 1:
        parts[-1] += f" in {waves} waves"
    return ", ".join(parts) or "change nothing"


def _all(services: int) -> str:
    return f"all {services} services" if services > 1 else "1 service"


def _release(plan: Plan) -> str:
    name = "a new release" if plan.release_is_new else f"release {short_id(plan.release.release_id)}"
    return f"{name} ({commits})" if (commits := _commits(plan)) else name


def _act(plan: Plan, release: str, environment: str) -> str:
    match plan.kind:
        case Kind.ROLLBACK:
            return f"Roll {environment} back to {release}"
        case Kind.PROMOTE:
            source = f" from {one_line(plan.source)}" if plan.source else ""
            return f"Promote {release}{source} to {environment}"
        case Kind.DEPLOY:
            return f"Deploy {release} to {environment}"


def _commits(plan: Plan) -> str:
    """The commits that the plan brings and takes away, each once; empty if there is nothing to compare with."""
    replaced = [image for image in plan.moves if image.from_digest is not None]
    unknown = [image for image in replaced if not _commits_known(image)]
    added = _unique(commit for image in replaced for commit in image.direction.added)
    lost = _unique(commit for image in replaced for commit in image.direction.lost)
    parts = []
    if added:
        parts.append(_by_people(added))
    if lost:
        parts.append(f"without {len(lost)} that are there now" if added else f"without {_by_people(lost)}")
    if unknown and (added or lost):
        parts.append(f"the commits of {count(len(unknown), 'image')} unknown")
    if not parts and unknown:
        return "commits unknown"
    if not parts and len(replaced) == len(plan.moves):
        return "no new commits"
    return ", ".join(parts)


def _commits_known(image: PlannedImage) -> bool:
    found = image.direction
    match found.direction:
        case Direction.UNKNOWN:
            return False
        case Direction.AHEAD | Direction.BEHIND:
            return found.commits is not None
        case Direction.DIVERGED | Direction.OFF_BRANCH:
            return bool(found.added or found.lost)
        case Direction.SAME:
            return True


def _unique(commits: Iterable[Commit]) -> list[Commit]:
    return list({commit.commit: commit for commit in commits}.values())


def _by_people(commits: list[Commit]) -> str:
    people = {commit.author for commit in commits}
    return f"{count(len(commits), 'commit')} by {count(len(people), 'person', 'people')}"


def _current(plan: Plan, now: datetime) -> str:
    """What the environment has now, as a clause: `9f8e7d6c has been running since Tuesday`."""
    current = plan.current
    if current is None:
        return "nothing was deployed yet"
    again = not plan.release_is_new and current.release_id == plan.release.release_id
    name = "it" if again else short_id(current.release_id)
    if others := _others(current):
        name += f"{others},"
    if current.status in _ENDED:
        return f"{name} {_ENDED[current.status]}{_when(current.since, now)}"
    return f"{name} {_LASTING[current.status]}{_since(current.since, now)}"


def _others(current: CurrentRelease) -> str:
    others = current.other_releases
    return f", with images of {count(others, 'other release')}" if others else ""


def _when(at: datetime | None, now: datetime) -> str:
    """When something happened: ` at 14:03`, ` yesterday`, ` on Tuesday`."""
    if at is None:
        return ""
    match day(at, now):
        case "today":
            return f" at {local_time(at)}"
        case "yesterday":
            return " yesterday"
        case other:
            return f" on {other}"


def _since(at: datetime | None, now: datetime) -> str:
    """Since when: ` since 14:03`, ` since yesterday`, ` since Tuesday`."""
    if at is None:
        return ""
    found = day(at, now)
    return f" since {local_time(at) if found == 'today' else found}"
