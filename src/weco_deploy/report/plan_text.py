"""The text of a plan, which people read before they confirm it."""

from __future__ import annotations

from weco_deploy.model.plan import Action, Plan, PlannedImage
from weco_deploy.report.page import BOLD, DIM, WARNING_STYLE, Page
from weco_deploy.report.screen import Screen
from weco_deploy.report.table import Cell, Column, Styled
from weco_deploy.report.untrusted import one_line
from weco_deploy.report.wording import count, listed, minute, person, short_id, version_names

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
        rows = [
            (one_line(image.image_id), one_line(image.tag), _versions(image, arrow)) for image in plan.moves
        ]
        page.table((Column("image", 12), Column("tag", 12), Column(f"old {arrow} new")), rows)
    if right := [image.image_id for image in plan.images if not image.moves]:
        page.line(f"Tags that point there already ({len(right)}): {listed(right)}")
    if missing := [image_id for image_id, version in plan.release.images.items() if version is None]:
        page.line(f"Not in this release ({len(missing)}): {listed(missing)}")


def _versions(image: PlannedImage, arrow: str) -> str:
    old, new = version_names(image.from_commit, image.from_digest, image.to_commit, image.manifest.digest)
    return f"{old} {arrow} {new}"


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
