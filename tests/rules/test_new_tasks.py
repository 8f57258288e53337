"""Whether all new tasks run well while the rollout is not complete."""

from __future__ import annotations

import pytest

from tests.rules.polls import after
from tests.rules.states import BEFORE, OLD, OTHER, active, ago, primary, service, task, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ServiceView, Task

OLD_TASK = task("t0", of=BEFORE, digest=OLD)


def draining(*new: Task, desired: int = 2) -> ServiceView:
    """An old task still runs beside these new ones."""
    described = service(desired=desired, running=len(new) + 1, deployments=[primary(), active(running=1)])
    return view(described, [*new, OLD_TASK])


def test_nothing_speaks_against_the_image_while_all_new_tasks_run() -> None:
    now = after(draining(task("t1"), task("t2")))
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


@pytest.mark.parametrize(
    "observed",
    [
        draining(task("t1"), task("t2", started=ago(3))),
        draining(task("t1"), task("t2", digest=None)),
    ],
    ids=["too young", "without a digest"],
)
def test_nothing_speaks_against_the_image_while_new_tasks_run_that_prove_nothing_yet(
    observed: ServiceView,
) -> None:
    now = after(observed)
    assert (now.status, now.blames_image) == (ServiceStatus.IN_PROGRESS, False)


@pytest.mark.parametrize(
    "observed",
    [
        draining(task("t1")),
        draining(task("t1"), task("t2", health="UNHEALTHY")),
        draining(task("t1"), task("t2", status="PENDING")),
    ],
    ids=["too few", "unhealthy", "starting"],
)
def test_image_may_be_to_blame_while_new_tasks_are(observed: ServiceView) -> None:
    assert after(observed).blames_image


def test_wrong_digest_is_a_failure_all_the_same() -> None:
    assert after(draining(task("t1"), task("t2", digest=OTHER))).status is ServiceStatus.FAILED
