"""ECS simulated: pure state with AWS's face, for the sandbox and for tests.

    simulation = Simulation(images)
    simulation.answer("111122223333", "eu-west-1", "ecs:DescribeServices", {"cluster": "shop", "services": ["web"]}, now)

`answer` takes and gives AWS's JSON, with aware datetimes for timestamps, or raises `ApiError`. Time is always the
caller's; there is no thread and no timer. What is due (tasks that start, checks that fail, deployments that complete)
waits in a heap, and each request first runs what is due by its own time. So a simulation that nobody asks costs
nothing, and a request costs nothing for services that stand still. `run_due` and `next_due` are for whoever drives a
clock of their own. A service that is made with a time in the past is up at the next request.

Images come through one port, `ImageResolver`, which is asked while no lock is held. A tag is resolved when a request
makes the first task of a deployment pull, so a reader whose clock jumps must call `run_due` before it moves a tag.

`Client` puts boto3's methods in front of a simulation; whatever else puts a protocol in front of it uses
`ServiceModel` to check requests and answers.

    behaviour.py          how an image behaves           rolling.py, breaker.py    pure rules of a rollout
    images.py             the port                       scheduler.py              reconciles a service
    timings.py            durations and settings         deployments.py            begin, complete, fail, roll back
    state.py, region.py   what there is, what is due     tasks.py, targets.py      a task's life, its health
    stages.py, native.py  blue/green, linear, canary     hook_trouble.py           lifecycle hooks that hinder
    causes.py             why deployments end            deployment_views.py       the reads of deployments
    views.py, lag.py      the state in AWS's words       trouble.py                what others do, what goes wrong
    *_calls.py, tags.py, logs.py, sts.py                 the calls
    simulation.py         the table of all calls         client.py, model.py       boto3's face
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weco_deploy.sandbox.ecs.behaviour import Behaviour
from weco_deploy.sandbox.ecs.errors import ApiError
from weco_deploy.sandbox.ecs.images import Image, ImageResolver, NotPullable, Resolved
from weco_deploy.sandbox.ecs.timings import AWS_LIMITS, RequestLimit, Settings, Timings

if TYPE_CHECKING:
    from weco_deploy.sandbox.ecs.simulation import Simulation

__all__ = [
    "AWS_LIMITS",
    "ApiError",
    "Behaviour",
    "Image",
    "ImageResolver",
    "NotPullable",
    "RequestLimit",
    "Resolved",
    "Settings",
    "Simulation",
    "Timings",
]


def __getattr__(name: str) -> object:
    # Imported when it is first needed, with all calls. Commands that only push images or read behaviours need none.
    if name == "Simulation":
        from weco_deploy.sandbox.ecs.simulation import Simulation

        return Simulation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
