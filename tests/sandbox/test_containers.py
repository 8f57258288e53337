from __future__ import annotations

import time
from functools import partial

import pytest

from weco_deploy.sandbox.behaviour import parse
from weco_deploy.sandbox.engine import containers as module
from weco_deploy.sandbox.engine.containers import Container, Containers, NameTaken, NoSuchContainer
from weco_deploy.sandbox.threads import in_background, side_by_side

TASK = {module.TASK_LABEL: "arn:aws:ecs:eu-west-1:111122223333:task/a"}


def _create(containers: Containers, behaviour: str = "good", name: str = "one") -> Container:
    return containers.create(
        name=name, image="image", shown_as="image ref.1", behaviour=parse(behaviour), labels=TASK
    )


def test_a_life_follows_from_the_time_since_the_start() -> None:
    containers = Containers()
    container = _create(containers, "crash=4,after=100")
    assert container.state(time.time()) == "created"
    containers.start(container.id)
    assert container.started is not None
    assert container.state(container.started + 99) == "running"
    assert container.state(container.started + 101) == "exited"
    assert container.exit_code == 4


def test_stopping_ends_a_life_before_its_time() -> None:
    containers = Containers()
    container = _create(containers, "crash=4,after=100")
    containers.start(container.id)
    containers.stop(container.id, module.STOPPED_BY_TERM)
    assert containers.wait(container.id) == module.STOPPED_BY_TERM


def test_waiting_ends_with_the_container() -> None:
    containers = Containers()
    container = _create(containers, "crash=5,after=0.1")
    containers.start(container.id)
    assert containers.wait(container.id) == 5


def test_a_slow_start_ends_at_once_when_the_container_is_stopped() -> None:
    containers = Containers()
    container = _create(containers, "slow=3600")
    in_background("stop", partial(containers.stop, container.id, module.KILLED))
    containers.start(container.id)
    assert container.state(time.time()) == "exited"


def test_lines_are_there_once_it_has_started() -> None:
    containers = Containers()
    container = _create(containers, "good,lines=a|b")
    assert containers.printed(container) == ()
    in_background("start", partial(containers.start, container.id))
    assert list(containers.follow(container.id)) == ["starting image ref.1", "a", "b"]


def test_names_are_taken_once_and_free_after_removal() -> None:
    containers = Containers()
    container = _create(containers)
    with pytest.raises(NameTaken):
        _create(containers)
    containers.remove("one")
    with pytest.raises(NoSuchContainer):
        containers.look(container.id)
    _create(containers)


HELD, AT_ONCE = 30.0, 10.0


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> tuple[Containers, Container]:
    """A container whose next look is held back for long."""
    monkeypatch.setattr(module, "HOLD", HELD)
    containers = Containers()
    container = _create(containers)
    containers.start(container.id)
    container.started = time.time() - 1000
    for _ in range(module.LOOKS_AT_ONCE):
        containers.look(container.id)
    return containers, container


def test_a_look_at_a_container_that_just_runs_is_held_back(
    looked_at: tuple[Containers, Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    containers, container = looked_at
    monkeypatch.setattr(module, "HOLD", 0.3)
    begun = time.monotonic()
    containers.look(container.id)
    assert time.monotonic() - begun >= 0.3


def test_a_held_look_is_answered_when_somebody_else_looks(looked_at: tuple[Containers, Container]) -> None:
    containers, container = looked_at
    look, begun = partial(containers.look, container.id), time.monotonic()
    assert side_by_side([look, look]) == [container, container]
    assert time.monotonic() - begun < AT_ONCE


def test_a_held_look_is_answered_when_the_container_stops(looked_at: tuple[Containers, Container]) -> None:
    containers, container = looked_at
    begun = time.monotonic()
    side_by_side([partial(containers.look, container.id), partial(_stop, containers, container)])
    assert time.monotonic() - begun < AT_ONCE


def test_a_look_never_outlasts_the_next_end_in_its_task(looked_at: tuple[Containers, Container]) -> None:
    containers, container = looked_at
    sibling = _create(containers, "crash,after=500", name="sibling")
    containers.start(sibling.id)
    sibling.started = time.time() - 499.8
    begun = time.monotonic()
    containers.look(container.id)
    containers.wait(sibling.id)
    containers.look(container.id)
    assert time.monotonic() - begun < AT_ONCE, "a task of which one has ended holds nobody back"


def _stop(containers: Containers, container: Container) -> Container:
    containers.stop(container.id, module.KILLED)
    return container
