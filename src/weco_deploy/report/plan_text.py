"""The text of a plan, which people read before they confirm it."""

from __future__ import annotations

from collections.abc import Sequence

from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment
from weco_deploy.model.direction import Direction, ImageDirection
from weco_deploy.model.plan import Action, Plan, PlannedImage
from weco_deploy.report.page import BOLD, DIM, WARNING_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import (
    count,
    direction_text,
    listed,
    listed_briefly,
    minute,
    person,
    short_commit,
    short_id,
    version_names,
)

_COMMITS_SHOWN = 10
_IMAGES_SHOWN = 3
_ACTION_WORDS = {Action.REDEPLOY: "redeploy", Action.ADOPT: "watch", Action.LEAVE: "leave"}
_ACTION_STYLES = {Action.REDEPLOY: BOLD, Action.ADOPT: "", Action.LEAVE: DIM}


def plan_text(plan: Plan, screen: Screen, where: str | None = None) -> str:
    """What the plan changes, and why. `where` names the accounts, regions and endpoints."""
    page = Page(screen)
    _heading(page, plan, where)
    _images(page, plan, screen)
    _services(page, plan)
    _replicas(page, plan)
    _warnings(page, plan)
    page.line()
    page.line(_summary_line(plan), BOLD)
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
        f"{one_line(newer.deployment_id)}, {minute(newer.date_created)} UTC, by {person(newer.requested_by)}",
        indent=2,
    )
    return page.text()


def _heading(page: Page, plan: Plan, where: str | None) -> None:
    release = plan.release
    name = "a new release" if plan.release_is_new else f"release {short_id(release.release_id)}"
    page.line(f"Plan: deploy {name} of {one_line(plan.project_id)} to {one_line(plan.environment)}", BOLD)
    page.line(
        f"made {minute(release.date_created)} UTC by {person(release.requested_by)}: {one_line(release.description)}",
        indent=2,
    )
    if where:
        page.line(one_line(where), indent=2)


def _images(page: Page, plan: Plan, screen: Screen) -> None:
    page.line()
    arrow = screen.symbols.arrow
    if plan.moves:
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
        page.table((*columns, Column("direction")) if known else columns, rows)
        _lost_commits(page, plan.moves)
    if right := [image.image_id for image in plan.images if not image.moves]:
        page.line(f"Tags that point there already ({len(right)}): {listed(right)}")
    if missing := [image_id for image_id, version in plan.release.images.items() if version is None]:
        page.line(f"Not in this release ({len(missing)}): {listed(missing)}")


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


def _services(page: Page, plan: Plan) -> None:
    if not plan.services:
        page.line("No services.")
        return
    page.line()
    page.line("Services:")
    rows: list[tuple[Cell, ...]] = []
    for action, word in _ACTION_WORDS.items():  # changes come first
        rows.extend(
            (
                Styled(word, _ACTION_STYLES[action]),
                one_line(service.service_id),
                one_line(str(service.key)),
                str(service.desired),
                one_line(service.why),
            )
            for service in plan.services
            if service.action is action
        )
    page.table(
        (
            Column("action"),
            Column("service", 12),
            Column("ECS service", 16),
            Column("tasks"),
            Column("why", 20, prose=True, below=True),
        ),
        rows,
    )


def _replicas(page: Page, plan: Plan) -> None:
    if plan.replicas:
        tags = [f"{replica.tag} in {replica}" for replica in plan.replicas]
        page.line(f"Services restart once ECR has replicated {listed(tags)}.")


def _warnings(page: Page, plan: Plan) -> None:
    if not plan.warnings:
        return
    page.line()
    page.line("Warnings:", WARNING_STYLE)
    for warning in plan.warnings:
        page.line(f"! {one_line(warning)}", WARNING_STYLE, indent=2)


def _summary_line(plan: Plan) -> str:
    if not plan.changes:
        return "Nothing to do: no tag has to move, no service has to be redeployed."
    numbers = {action: sum(service.action is action for service in plan.services) for action in Action}
    parts = [
        f"{word} {count(number, noun)}"
        for word, number, noun in (
            ("move", len(plan.moves), "tag"),
            ("redeploy", numbers[Action.REDEPLOY], "service"),
            ("watch", numbers[Action.ADOPT], "service"),
            ("leave", numbers[Action.LEAVE], "service"),
        )
        if number
    ]
    return f"To do: {', '.join(parts)}."
