"""Which containers of a stopped task are named, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rules.states import REGISTRY, expecting, stopped
from weco_deploy.model.service import Container, DefinedContainer
from weco_deploy.rules.rollout.culprits import culprits

SEARCH = f"{REGISTRY}/uk.ac.wellcome/search:env.stage"
ITEMS = f"{REGISTRY}/uk.ac.wellcome/items:env.stage"
PROXY = "public.ecr.aws/envoy:v1"


def container(name: str, image: str, exit_code: int | None = None, reason: str = "") -> Container:
    return Container(name=name, image=image, exit_code=exit_code, reason=reason)


def named(*containers: Container, code: str = "EssentialContainerExited") -> list[str]:
    """The names of the culprits among these containers, of which `search` and `items` are the release's images."""
    ended = replace(stopped("t1", code=code), containers=containers)
    return [found.name for found in culprits(ended, (expecting(), expecting(image="items")), {})]


@pytest.mark.parametrize("exit_code", [0, 1, 2])
def test_container_of_the_release_is_named_without_sidecars_that_ecs_stopped(exit_code: int) -> None:
    assert named(
        container("proxy", PROXY, 137), container("app", SEARCH, exit_code), container("logs", PROXY, 143)
    ) == ["app"]


def test_sidecar_with_a_fault_of_its_own_comes_after_the_container_of_the_release() -> None:
    assert named(container("proxy", PROXY, 1), container("app", SEARCH, 0)) == ["app", "proxy"]


def test_sidecar_that_ended_the_task_comes_first_if_ecs_stopped_the_container_of_the_release() -> None:
    assert named(container("proxy", PROXY, 1), container("app", SEARCH, 137)) == ["proxy", "app"]


def test_container_of_the_release_comes_first_if_the_scheduler_stopped_the_task() -> None:
    stopped_by_ecs = container("proxy", PROXY, 1), container("app", SEARCH, 143)
    assert named(*stopped_by_ecs, code="ServiceSchedulerInitiated") == ["app", "proxy"]


def test_sidecar_that_cannot_be_pulled_is_named_alone() -> None:
    assert named(
        container("app", SEARCH), container("proxy", PROXY, reason="CannotPullContainerError: no")
    ) == ["proxy"]


def test_container_that_ran_out_of_memory_is_named_before_one_that_ended_well() -> None:
    out_of_memory = container("items", ITEMS, 137, "OutOfMemoryError: Container killed due to memory usage")
    assert named(container("app", SEARCH, 0), out_of_memory) == ["items", "app"]


def test_first_container_is_named_if_none_runs_an_image_of_the_release() -> None:
    assert named(container("proxy", PROXY, 0), container("logs", PROXY, 137)) == ["proxy"]
    assert named() == []


def test_container_named_by_digest_is_recognised_by_its_definition() -> None:
    by_digest = f"{REGISTRY}/uk.ac.wellcome/search@sha256:{'a' * 64}"
    ended = replace(
        stopped("t1"), containers=(container("proxy", PROXY, 137), container("app", by_digest, 0))
    )
    defined = {"app": DefinedContainer("app", SEARCH), "proxy": DefinedContainer("proxy", PROXY)}

    assert [found.name for found in culprits(ended, (expecting(),), defined)] == ["app"]
