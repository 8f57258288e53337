"""Plans of deploying a release to stage, made or refused."""

from __future__ import annotations

import pytest

from tests.rules.snapshots import in_ecr, project, release, snapshot
from tests.rules.states import NEW, OLD, primary
from weco_deploy.errors import PlanRefused
from weco_deploy.model.image import ImageView
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import Plan, PlannedService, Snapshot
from weco_deploy.model.project import Project
from weco_deploy.model.release import Release
from weco_deploy.model.requests import DeployRequest
from weco_deploy.model.service import ServiceView
from weco_deploy.rules.planning import plan

SEARCH = project(search=["search-api"])
TO_MOVE = {"search": in_ecr(NEW, tagged=OLD)}
STILL = primary(completed=True)


def planned(
    observed: Snapshot,
    *,
    of: Project = SEARCH,
    what: Release | None = None,
    force: bool = False,
    allow_missing: bool = False,
    kind: Kind = Kind.DEPLOY,
) -> Plan:
    request = DeployRequest(
        release=what or release(search=NEW),
        environment_id="stage",
        description="",
        force_redeploy=force,
        allow_missing=allow_missing,
        kind=kind,
    )
    return plan(of, request, observed)


def observing(search_api: ServiceView, images: dict[str, ImageView] | None = None) -> Snapshot:
    return snapshot(images=images or TO_MOVE, services={"search-api": search_api})


def only(made: Plan) -> PlannedService:
    (service_,) = made.services
    return service_


def refusals(
    observed: Snapshot, *, of: Project = SEARCH, what: Release | None = None, allow_missing: bool = False
) -> tuple[str, ...]:
    with pytest.raises(PlanRefused) as refused:
        planned(observed, of=of, what=what, allow_missing=allow_missing)
    assert refused.value.message.startswith(
        "release rel-2 can't be deployed to stage, and nothing was changed:"
    )
    return refused.value.reasons
