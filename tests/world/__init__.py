"""An in-memory AWS for tests: it declares state in words and simulates ECS on a virtual clock.

    world = World.of(FIVE_AND_EIGHT)            # everything declared, every environment up and running
    bad = world.push("search", crash(code=1))   # what CI does: a new image, `ref.<sha>` and `latest` moved
    world.cut_before(7)                         # the tool is killed just before its 7th call from now on
    deploy(request, world.ports(project), …)    # one run of the tool
    assert world.running("search-api", "stage") == {bad}

Time passes in the ports' `clock.wait` and in `world.pass_time` alone; waiting runs what ECS has scheduled.
`world.side_by_side.run` has several runs at once, each in a thread: time passes when all of them wait.
"""

from tests.world.behaviour import crash, good, slow, unpullable
from tests.world.gate import Call
from tests.world.run import Killed
from tests.world.world import World
from weco_deploy.sandbox.ecs import Behaviour

__all__ = ["Behaviour", "Call", "Killed", "World", "crash", "good", "slow", "unpullable"]
