"""The waves in the text of a plan."""

from __future__ import annotations

from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Action, Plan
from weco_deploy.report.page import Page
from weco_deploy.report.wording import listed, listed_briefly


def add_waves(page: Page, plan: Plan, most: int | None) -> None:
    """Add the waves, in their order, each with the services that it redeploys or watches: at most so many by name."""
    waves = [wave for wave in plan.waves if wave.changes]
    if len(waves) < 2:
        return
    page.line()
    if plan.kind is Kind.ROLLBACK:
        page.line("Waves, backwards; a service that fails or is slow does not hold up the next wave:")
    else:
        page.line("Waves, each after all services of the one before have succeeded:")
    for wave in waves:
        names = [found.service_id for found in wave.services if found.action is not Action.LEAVE]
        page.line(
            f"{wave.number}  {listed(names) if most is None else listed_briefly(names, most)}", indent=2
        )
