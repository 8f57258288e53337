"""The text of a plan, which people read before they confirm it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from functools import partial

from weco_deploy.model.arn import resource_name
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.digest import short_digest
from weco_deploy.model.direction import Direction, ImageDirection
from weco_deploy.model.plan import Action, Plan, PlannedImage, PlannedService
from weco_deploy.model.planned_task import TaskAction
from weco_deploy.model.rollout_check import PlannedCheck, Program
from weco_deploy.report.fitting import VERBOSE_SHOWS_ALL, add_rest, fitted
from weco_deploy.report.page import BAD_STYLE, BOLD, DIM, WARNING_STYLE, Page
from weco_deploy.report.plan_sentences import title, what_is_there, work
from weco_deploy.report.plan_waves import add_waves
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import (
    count,
    described,
    direction_text,
    listed,
    listed_briefly,
    moment,
    person,
    short_commit,
    short_id,
    version_name,
    version_names,
)

_COMMITS_SHOWN = 10
_IMAGES_SHOWN = 3
_NAMES_SHOWN = 3
_MOST_ROWS = ((20, 20), (16, 10), (12, 6), (10, 4), (10, 2), (10, 0), (8, 0), (5, 0), (3, 0), (1, 0))
"""How many tags that move, and groups of services, are shown on screens of different sizes."""
_LINES_OF_A_QUESTION = 4
_ACTION_WORDS = {Action.REDEPLOY: "redeploy", Action.ADOPT: "watch", Action.LEAVE: "leave"}
_ACTION_STYLES = {Action.REDEPLOY: BOLD, Action.ADOPT: "", Action.LEAVE: DIM}


class Purpose(Enum):
    """Why a plan is shown."""

    PLAN = auto()
    DRY_RUN = auto()
    QUESTION = auto()
    """A question follows, which sums the plan up."""


def plan_text(
    plan: Plan,
    screen: Screen,
    where: str | None = None,
    *,
    purpose: Purpose = Purpose.PLAN,
    unchanged: bool = False,
) -> str:
    """What the plan changes, and why.

    On a terminal whose screen is too small, services with the same reason share a line, and long lists are cut.

    Args:
        plan: the plan.
        screen: where the text goes.
        where: the accounts, regions and endpoints.
        purpose: why the plan is shown.
        unchanged: whether to list everything, also what stays as it is, instead of counting it.

    """
    complete = _plan_text(plan, screen, where, purpose, unchanged=unchanged)
    shorter = (partial(_plan_text, plan, screen, where, purpose, most=most) for most in _MOST_ROWS)
    question = _LINES_OF_A_QUESTION if purpose is Purpose.QUESTION and screen.height else 0
    room = replace(screen, height=screen.height - question) if screen.height else screen
    return fitted(complete, room, shorter, everything=unchanged)


def _plan_text(
    plan: Plan,
    screen: Screen,
    where: str | None,
    purpose: Purpose,
    *,
    unchanged: bool = False,
    most: tuple[int, int] | None = None,
) -> str:
    """The text; with `most`, at most so many tags that move and groups of services."""
    page = Page(screen)
    _heading(page, plan, screen, where, "Dry run" if purpose is Purpose.DRY_RUN else "Plan")
    _images(page, plan, screen, most[0] if most else None)
    _tasks(page, plan)
    if most is None:
        _services(page, plan, unchanged=unchanged)
    else:
        _services_in_groups(page, plan, most[1])
    add_waves(page, plan, _NAMES_SHOWN if most else None)
    _unchanged(page, plan, listing=unchanged)
    _checks(page, plan)
    _replicas(page, plan)
    _warnings(page, plan)
    _closed_gates(page, plan)
    if purpose is not Purpose.QUESTION:
        page.line()
        page.line(_summary_line(plan, dry_run=purpose is Purpose.DRY_RUN), BOLD)
    return page.text()


def already_newer_text(plan: Plan, newer: Deployment, screen: Screen) -> str:
    """That nothing was deployed, because the environment got newer images since the run began."""
    page = Page(screen)
    page.line(
        f"Already newer: {one_line(plan.environment)} has every image of this release, or a newer one. Nothing was changed.",
        BOLD,
    )
    page.line(
        f"Release {short_id(newer.release_id)} was deployed there since this run began: deployment "
        f"{one_line(newer.deployment_id)}, {moment(newer.date_created, screen)}, by {person(newer.requested_by)}",
        indent=2,
    )
    return page.text()


def _heading(page: Page, plan: Plan, screen: Screen, where: str | None, word: str) -> None:
    release = plan.release
    page.line(f"{word}: {title(plan)}", BOLD)
    made = f"made {moment(release.date_created, screen)} by {person(release.requested_by)}"
    description = described(release.description)
    page.line(f"{made}: {description}" if description else made, indent=2)
    page.line(what_is_there(plan, screen), indent=2)
    if where:
        page.line(one_line(where), indent=2)


def _images(page: Page, plan: Plan, screen: Screen, most: int | None) -> None:
    arrow = screen.symbols.arrow
    if plan.moves:
        page.line()
        page.line(f"Tags that move ({len(plan.moves)} of {len(plan.images)}):")
        # If nothing is known of any image, a warning says why.
        known = any(image.direction.direction is not Direction.UNKNOWN for image in plan.moves)
        columns = [Column("image", 12), Column("tag", 12), Column(f"old {arrow} new")]
        rows: list[tuple[Cell, ...]] = [
            (
                one_line(image.image_id),
                one_line(image.tag),
                _versions(image, arrow),
                *([_direction(image.direction)] if known else []),
            )
            for image in plan.moves
        ]
        page.table((*columns, Column("direction")) if known else columns, rows[:most])
        add_rest(page, len(rows), most)
        _lost_commits(page, plan.moves)
    if missing := [image_id for image_id, version in plan.release.images.items() if version is None]:
        page.line()
        page.line(f"Not in this release ({len(missing)}): {listed(missing)}")


_TASK_WORDS = {TaskAction.RUN: "run", TaskAction.ADOPT: "wait", TaskAction.SKIP: "skip"}


def _tasks(page: Page, plan: Plan) -> None:
    """The tasks that run before the services restart, in their order."""
    if not plan.tasks:
        return
    page.line()
    page.line(f"Tasks before the services restart ({len(plan.tasks)}):")
    rows: list[tuple[Cell, ...]] = [
        (
            Styled(_TASK_WORDS[task.action], BOLD if task.action is TaskAction.RUN else DIM),
            one_line(task.id),
            one_line(resource_name(task.definition.arn)),
            one_line(shlex.join(task.command) if task.command else ""),
            one_line(task.why),
        )
        for task in plan.tasks
    ]
    columns = (
        Column("action"),
        Column("task", 12),
        Column("task definition", 12),
        Column("command", 12, prose=True, below=True),
        Column("why", 20, prose=True, below=True),
    )
    page.table(columns, rows)
    early = plan.moves_for_tasks
    if early and len(early) < len(plan.moves):
        images = listed([image.image_id for image in early])
        page.line(
            f"Before them move the tags of {images}; the others move after they have succeeded.", indent=2
        )


def _checks(page: Page, plan: Plan) -> None:
    """The checks that run when all services have settled, in their order."""
    if not plan.checks:
        return
    page.line()
    page.line(f"Checks when all services have settled ({len(plan.checks)}):")
    columns = (Column("check", 12), Column("what", 20, prose=True, below=True), Column("remark"))
    page.table(
        columns,
        [
            (one_line(planned.id), one_line(_what(planned)), "advisory" if planned.check.advisory else "")
            for planned in plan.checks
        ],
    )


def _what(planned: PlannedCheck) -> str:
    probe = planned.check.probe
    if isinstance(probe, Program):
        return shlex.join(probe.arguments)
    return " and ".join((planned.url, *(f"{name} is {text}" for name, text in planned.fields)))


def _versions(image: PlannedImage, arrow: str) -> str:
    old, new = version_names(image.from_commit, image.from_digest, image.to_commit, image.manifest.digest)
    return f"{old} {arrow} {new}"


def _direction(found: ImageDirection) -> Styled:
    text = direction_text(found.direction, found.commits)
    return Styled(text, "" if found.direction in (Direction.AHEAD, Direction.SAME) else WARNING_STYLE)


def _lost_commits(page: Page, images: Sequence[PlannedImage]) -> None:
    """The commits that the environment would lose, each once with its images, the newest first."""
    lost: dict[str, Commit] = {}
    losers: dict[str, list[str]] = {}
    for image in images:
        for commit in image.direction.lost:
            lost[commit.commit] = commit
            losers.setdefault(commit.commit, []).append(image.image_id)
    if not lost:
        return
    newest = sorted(lost.values(), key=lambda commit: commit.date, reverse=True)
    page.line()
    page.line(f"Commits that would be lost ({len(lost)}):", WARNING_STYLE)
    page.table(
        (Column("commit"), Column("subject", 24, prose=True), Column("author", 8), Column("images", 8)),
        [
            (
                short_commit(commit.commit),
                one_line(commit.subject),
                one_line(commit.author),
                listed_briefly(losers[commit.commit], _IMAGES_SHOWN),
            )
            for commit in newest[:_COMMITS_SHOWN]
        ],
    )
    if len(newest) > _COMMITS_SHOWN:
        page.line(f"and {count(len(newest) - _COMMITS_SHOWN, 'older commit')}", indent=2)


def _services(page: Page, plan: Plan, *, unchanged: bool) -> None:
    if not plan.services:
        page.line()
        page.line("No services.")
        return
    changing = sum(service.action is not Action.LEAVE for service in plan.services)
    if not changing and not unchanged:
        return
    page.line()
    page.line(f"Services that change ({changing} of {len(plan.services)}):" if not unchanged else "Services:")
    named_alike = all(service.key.name == service.service_id for service in plan.services)
    rows: list[tuple[Cell, ...]] = []
    for action, word in _ACTION_WORDS.items():  # changes come first
        if action is Action.LEAVE and not unchanged:
            continue
        rows.extend(
            (
                Styled(word, _ACTION_STYLES[action]),
                one_line(service.service_id),
                one_line(service.key.cluster_name if named_alike else str(service.key)),
                str(service.desired),
                _why(service, plan),
            )
            for service in plan.services
            if service.action is action
        )
    page.table(
        (
            Column("action"),
            Column("service"),
            Column("cluster" if named_alike else "ECS service", below=True),  # in one piece, to be copied
            Column("tasks"),
            Column("why", 20, prose=True, below=True),
        ),
        rows,
    )


def _services_in_groups(page: Page, plan: Plan, most: int) -> None:
    """A line for services with the same action and reason; only their number if `most` is 0."""
    groups: dict[tuple[Action, str], list[str]] = {}
    for service in plan.services:
        if service.action is not Action.LEAVE:
            groups.setdefault((service.action, _why(service, plan)), []).append(service.service_id)
    if not groups:
        return
    changing = sum(map(len, groups.values()))
    page.line()
    heading = f"Services that change ({changing} of {len(plan.services)})"
    page.line(f"{heading}:" if most else f"{heading} {VERBOSE_SHOWS_ALL}")
    # The rarest reasons come first, because they need attention.
    rarest = sorted(groups.items(), key=lambda group: len(group[1]))
    for (action, why), names in rarest[:most]:
        page.line(f"{_ACTION_WORDS[action]} {listed_briefly(names, _NAMES_SHOWN)}: {why}", indent=2)
    if most:
        add_rest(page, changing, sum(len(names) for _, names in rarest[:most]))


def _unchanged(page: Page, plan: Plan, *, listing: bool) -> None:
    """The tags and services that stay as they are. The services are in the table if it lists them."""
    tags = [image.image_id for image in plan.images if not image.moves]
    services = sum(service.action is Action.LEAVE for service in plan.services)
    if listing:
        if tags:
            page.line(f"Tags that point there already ({len(tags)}): {listed(tags)}")
        return
    counts = [count(number, noun) for number, noun in ((len(tags), "tag"), (services, "service")) if number]
    if counts:
        page.line()
        page.line(f"Unchanged: {', '.join(counts)} (--verbose lists them).")


def _why(service: PlannedService, plan: Plan) -> str:
    """Why the plan does that with the service, with commits instead of the digests that the tags point at now."""
    why = service.why
    for image in plan.images:
        if image.image_id in service.images and image.from_digest and image.from_commit:
            name = version_name(image.from_commit, image.from_digest)
            why = why.replace(short_digest(image.from_digest), name)
    return one_line(why)


def _replicas(page: Page, plan: Plan) -> None:
    if plan.replicas:
        page.line()
        tags = [f"{replica.tag} in {replica}" for replica in plan.replicas]
        page.line(f"Services restart once ECR has replicated {listed(tags)}.")


def _warnings(page: Page, plan: Plan) -> None:
    if not plan.warnings:
        return
    page.line()
    page.line("Warnings:", WARNING_STYLE)
    for warning in plan.warnings:
        page.line(f"! {one_line(warning)}", WARNING_STYLE, indent=2)


def _closed_gates(page: Page, plan: Plan) -> None:
    for gate in plan.closed_gates:
        page.line()
        page.line(f"Gate closed: {one_line(gate.message)}", BAD_STYLE)
        for reason in gate.reasons:
            page.line(one_line(reason), BAD_STYLE, indent=2)
        page.line(one_line(gate.hint), indent=2)


def _summary_line(plan: Plan, *, dry_run: bool) -> str:
    if not plan.changes:
        text = "Nothing to do: no tag has to move, no service has to be redeployed."
        return f"Dry run. {text}" if dry_run else text
    if plan.closed_gates:
        text = f"A gate is closed, so nothing would be deployed. If it were open: {work(plan)}."
        return f"Dry run. {text}" if dry_run else text
    if dry_run:
        return f"Dry run: nothing was changed. Without --dry-run it would {work(plan)}."
    return f"To do: {work(plan)}."
