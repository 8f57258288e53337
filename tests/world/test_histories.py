"""Whatever happens to a service, ECS keeps its own rules and comes to rest."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.world import Behaviour, World, crash, good, slow, unpullable
from tests.world.projects import ONE_AND_ONE
from weco_deploy.sandbox.ecs import ApiError

SEARCH = ("search-api", "stage")

BEHAVIOURS = st.sampled_from([good(), good(), slow(90), crash(code=3), unpullable()])
STEPS = st.one_of(
    st.tuples(st.just("deploy"), BEHAVIOURS),
    # Not to 0: a bad image completes with nothing running, and then crashes for ever once it is scaled up.
    st.tuples(st.just("scale"), st.integers(1, 7)),
    st.tuples(st.just("wait"), st.integers(0, 90)),
    st.tuples(st.just("stop"), st.none()),
)


def take(world: World, step: tuple[str, Behaviour | int | None]) -> None:
    match step:
        case "deploy", Behaviour() as behaviour:
            world.point("search", "env.stage", world.push("search", behaviour))
            with suppress(ApiError):  # ECS refuses a sixth deployment while five are open
                world.somebody_redeploys(*SEARCH)
        case "scale", int(desired):
            world.scale(*SEARCH, desired)
        case "wait", int(seconds):
            world.pass_time(seconds)
        case _:
            if world.running(*SEARCH):
                world.stop_task(*SEARCH)


def keeps_its_rules(world: World) -> None:
    service = world.look(*SEARCH)
    assert [one.status for one in service.deployments].count("PRIMARY") == 1
    assert service.deployments[0].status == "PRIMARY"
    assert service.running == sum(one.running for one in service.deployments)
    assert service.deployments[0].running <= max(service.desired, 7)
    assert service.deployments[0].failed_tasks <= 4
    pins = world.declared(*SEARCH).primary.revision.pins
    assert pins is None or set(pins.values()) <= set(world.stored("search").images)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(STEPS, max_size=12),
    st.booleans(),
    st.sampled_from(["REPLICA", "DAEMON"]),
)
def test_a_service_with_a_breaker_always_comes_to_rest(
    steps: list[tuple[str, Behaviour | int | None]], rolls_back: bool, scheduling: str
) -> None:
    world = World.of(ONE_AND_ONE, rolls_back=rolls_back, scheduling=scheduling)
    for step in steps:
        take(world, step)
        keeps_its_rules(world)
    world.settle_down()
    keeps_its_rules(world)
    world.point("search", "env.stage", last := world.push("search"))
    world.somebody_redeploys(*SEARCH)
    world.scale(*SEARCH, 2)
    world.settle_down()
    assert world.running(*SEARCH) == {last}
    assert world.look(*SEARCH).running == (1 if scheduling == "DAEMON" else 2)
    assert [one.rollout_state for one in world.look(*SEARCH).deployments] == ["COMPLETED"]
