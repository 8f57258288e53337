"""Boards to render: made of the samples, with every kind of environment and deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from tests.report.samples import CRASH, NIGHTLY, NOON, change, deployment, outcome, release
from tests.report.test_status_text import DENIED, environment, image, running_old, service, status, waits
from weco_deploy.errors import DeployError
from weco_deploy.model.board import Board
from weco_deploy.model.commits import Commit
from weco_deploy.model.deployment import Deployment, DeploymentStatus, ServiceStatus
from weco_deploy.model.results import ChangedCommit, DeploymentDetails
from weco_deploy.model.status import EnvironmentStatus, Problem
from weco_deploy.model.web_repository import WebRepository
from weco_deploy.report.board.pages import board_pages
from weco_deploy.report.board.parts import page_of_deployment

REPOSITORY = WebRepository.of("git@github.com:example/shop.git")
CHANGED = ChangedCommit(
    commit=Commit(
        commit="b" * 40,
        parents=("a" * 40,),
        author="Ada",
        date=NOON - timedelta(days=1),
        subject="Search faster (#12)",
    ),
    images=("search",),
    pull_request=12,
)
LOST = replace(
    CHANGED, commit=replace(CHANGED.commit, commit="c" * 40, subject="A quick fix"), pull_request=None
)
WAITING = replace(
    waits(("search",), 1, 1, (), "8f14e45f-ceea-467f-a6fa-0123456789ab"),
    added_commits=(CHANGED,),
    lost_commits=(LOST,),
)


def numbered(
    number: int, status: DeploymentStatus, environment: str = "prod", **changes: object
) -> Deployment:
    made = deployment(
        status, services=(outcome("search", ServiceStatus.SUCCEEDED),), images=(change("search", "a", "b"),)
    )
    fields = {
        "deployment_id": f"{number:08}-2e2d-4fbd-aa1c-0123456789ab",
        "environment": environment,
        "date_created": NOON - timedelta(hours=number),
        "date_finished": NOON - timedelta(hours=number) + timedelta(minutes=number)
        if made.finished
        else None,
    }
    return replace(made, **{**fields, **changes})  # type: ignore[arg-type]  # any field


FAILED_SERVICES = (
    outcome("search", ServiceStatus.FAILED, "Essential container in task exited", (CRASH,)),
    outcome("items", ServiceStatus.SUPERSEDED, "somebody else deployed it"),
    outcome("import", ServiceStatus.UNCHANGED),
    outcome("nothing", ServiceStatus.NOTHING_RUNNING),
    outcome("pending", ServiceStatus.PENDING),
)


def every_deployment() -> tuple[Deployment, ...]:
    """One of each status, the newest first, with failures, a rollback and what was left out."""
    made = [numbered(number, kind, services=FAILED_SERVICES) for number, kind in enumerate(DeploymentStatus)]
    rollback = numbered(50, DeploymentStatus.FAILED, services=FAILED_SERVICES, left_out=(NIGHTLY,))
    return (*made, numbered(40, DeploymentStatus.ROLLED_BACK, services=FAILED_SERVICES, rollback=rollback))


def board(
    environments: Mapping[str, EnvironmentStatus | DeployError] | None = None,
    deployments: Sequence[Deployment] = (),
    **changes: object,
) -> Board:
    found = status(waiting=(WAITING,))
    found = replace(
        found, environments=environments or {"stage": environment("stage"), "prod": environment("prod")}
    )
    made = Board(
        project_id="shop",
        project_name="Shop",
        status=found,
        deployments={
            id_: tuple(details(listed) for listed in deployments if listed.environment == id_)
            for id_ in found.readable
        },
        repository=REPOSITORY,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # any field


def details(shown: Deployment, **changes: object) -> DeploymentDetails:
    made = DeploymentDetails(deployment=shown, release=release(), subjects={"b" * 40: "Search faster (#12)"})
    return replace(made, **changes)  # type: ignore[arg-type]  # any field


def full_board() -> Board:
    """Environments that are in order, in trouble, in progress, empty and unreadable; and deployments of every kind."""
    drifted = environment(
        "prod",
        images=(image(), image("items")),
        drifts=(running_old(),),
        services=(service(), service("items", problems=(Problem.TOO_FEW_TASKS,), running=1)),
        deployment=every_deployment()[1],
        notes=("a remark",),
    )
    moving = environment("stage", deployment=numbered(60, DeploymentStatus.IN_PROGRESS, "stage"))
    empty = environment("empty", images=(), services=(), deployment=None)
    return board({"stage": moving, "prod": drifted, "empty": empty, "denied": DENIED}, every_deployment())


def page_of(deployment: Deployment, pages: Mapping[str, str]) -> str:
    return pages[page_of_deployment(deployment.deployment_id)]


def rendered(shown: Board) -> Mapping[str, str]:
    return board_pages(shown, ("--project-id", "shop"))
