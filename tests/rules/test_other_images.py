"""Our deployment runs other images, because somebody changed the task definition after the plan read it."""

from __future__ import annotations

import pytest

from tests.rules.polls import after, judged
from tests.rules.states import BEFORE, NEW, OURS, REGISTRY, container, primary, service, task, view
from weco_deploy.model.deployment import ServiceStatus
from weco_deploy.model.service import ServiceView

OTHER_TAG = "uk.ac.wellcome/search:other"
SIDECAR = "sidecars/proxy:1"


def running(*images: str, of: str = OURS) -> ServiceView:
    """A task of that deployment runs, with containers of these images, while ours is primary."""
    containers = [container(NEW, image=image) for image in images]
    ours = primary(OURS, running=1 if of == OURS else 0)
    return view(service(running=1, deployments=[ours]), [task("t1", of=of, containers=containers)])


def test_deployment_of_other_images_is_superseded_and_the_reason_names_them() -> None:
    now = after(running(OTHER_TAG, SIDECAR))
    assert now.status is ServiceStatus.SUPERSEDED
    assert now.reason == (
        f"its tasks run {REGISTRY}/{SIDECAR}, {REGISTRY}/{OTHER_TAG}: somebody changed its task definition after it was "
        "planned"
    )


@pytest.mark.parametrize(
    "polled",
    [
        running(OTHER_TAG, of=BEFORE),
        running("uk.ac.wellcome/search:env.stage", SIDECAR),
        running("uk.ac.wellcome/search@sha256:0"),
        view(service(running=1, deployments=[primary(OURS, running=1)]), []),
    ],
    ids=["an old task", "a sidecar beside the release", "named by digest only", "no task described"],
)
def test_deployment_is_not_superseded_while_it_may_run_the_release(polled: ServiceView) -> None:
    assert judged(polled) is not ServiceStatus.SUPERSEDED
