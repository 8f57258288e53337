"""What a world declares of ECS, and how it is disturbed; `tests/simulation` tests the ECS itself."""

from __future__ import annotations

import pytest

from tests.world import World, crash
from tests.world.projects import FIVE_AND_EIGHT, ONE_AND_ONE
from weco_deploy.model.service import Service

STAGE = ONE_AND_ONE.environment("stage")
SEARCH = ("search-api", "stage")


def states(service: Service) -> list[tuple[str, str | None]]:
    return [(deployment.status, deployment.rollout_state) for deployment in service.deployments]


def test_declared_project_is_up_and_running_at_once() -> None:
    world = World.of(FIVE_AND_EIGHT)

    assert world.running("pipeline", "prod") == {
        world.tag("transformer", "env.prod"),
        world.tag("merger", "env.prod"),
    }
    looks = [world.look(*key) for key in ((name, "stage") for name in FIVE_AND_EIGHT.services)]
    assert {(look.running, *states(look)) for look in looks} == {(1, ("PRIMARY", "COMPLETED"))}


def test_service_without_its_image_fails_until_the_image_is_there_and_it_is_redeployed() -> None:
    world = World(ONE_AND_ONE)
    digest = world.image("search")
    world.service("search-api", "stage", ["search"])
    world.settle_down()
    assert states(world.look(*SEARCH)) == [("PRIMARY", "FAILED")]

    world.point("search", "env.stage", digest)
    world.somebody_redeploys(*SEARCH)
    world.settle_down()

    assert states(world.look(*SEARCH)) == [("PRIMARY", "COMPLETED")]
    assert world.running(*SEARCH) == {digest}


def test_service_runs_the_image_that_its_tag_names_when_its_first_task_pulls() -> None:
    world = World.of(ONE_AND_ONE)
    world.point("search", "env.stage", world.push("search"))
    world.somebody_redeploys(*SEARCH)
    late = world.push("search")
    world.point("search", "env.stage", late)
    world.settle_down()
    world.point("search", "env.stage", world.push("search"))
    world.scale(*SEARCH, 2)
    world.settle_down()

    assert world.running(*SEARCH) == {late}


def test_services_that_the_tagging_api_does_not_know_are_found_by_listing_alone() -> None:
    world = World.of(ONE_AND_ONE, indexed=False)
    runtime = world.ports().runtime(STAGE)

    (cluster,) = {cluster for cluster in runtime.clusters() if cluster.endswith("/stage")}

    assert runtime.tagged("stage") == ()
    assert runtime.services_in(cluster) == (world.key(*SEARCH),)


def test_read_that_lags_answers_what_was_true_before() -> None:
    world = World.of(ONE_AND_ONE)
    key = world.key(*SEARCH)
    runtime = world.ports().runtime(STAGE)
    world.lag(8)
    redeployed = world.somebody_redeploys(*SEARCH)
    primaries = []

    for seconds in (7, 1):
        world.pass_time(seconds)
        (service,) = runtime.describe(key.cluster, [key.name])
        primaries.append(service.deployments[0].id)

    assert primaries[0] != redeployed
    assert primaries[1] == redeployed


def test_service_that_never_comes_to_rest_is_named() -> None:
    world = World.of(ONE_AND_ONE, breaker=False)
    world.point("search", "env.stage", world.push("search", crash()))
    world.somebody_redeploys(*SEARCH)

    with pytest.raises(AssertionError, match=r"never come to rest: .*service/stage/search-api"):
        world.settle_down()


def test_last_lines_of_a_container_can_be_read() -> None:
    world = World.of(ONE_AND_ONE)
    world.point("search", "env.stage", world.push("search", crash(lines=("one", "two", "three"))))
    world.somebody_redeploys(*SEARCH)
    world.settle_down()
    ports = world.ports()
    runtime = ports.runtime(STAGE)
    cluster = world.key(*SEARCH).cluster
    stopped = runtime.tasks(cluster, runtime.tasks_listed(cluster, None, stopped=True).arns)
    task = next(task for task in stopped if task.containers[0].exit_code == 1)

    (container,) = runtime.defined(task.task_definition)

    assert ports.logs(STAGE).tail(container, task.id, 2) == ("two", "three")


def test_calls_of_ports_are_logged_with_their_arguments() -> None:
    world = World.of(ONE_AND_ONE)
    key = world.key(*SEARCH)
    runtime = world.ports().runtime(STAGE)

    runtime.describe(key.cluster, [key.name])
    runtime.tasks_listed(key.cluster, None, stopped=True)
    runtime.redeploy(key, lambda: None)

    assert [(call.name, call.about) for call in world.calls] == [
        ("runtime.describe", (key.cluster, "search-api")),
        ("runtime.tasks_listed", (key.cluster, "None", "STOPPED")),
        ("runtime.redeploy", (str(key),)),
    ]
