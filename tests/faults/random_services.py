"""Services of random worlds: each of these options has some of them, together with others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from tests.faults.chance import Chance
from tests.faults.random_strategies import add_strategy, merge
from tests.world import World
from tests.world.ecs import ServiceOptions
from tests.world.state import place_of

OPTIONS: Mapping[str, Callable[[Chance], Mapping[str, Any]]] = {
    "no breaker": lambda _: {"breaker": False},
    "breaker without rollback": lambda _: {"rolls_back": False},
    "breaker with a count": lambda chance: _breaker(_threshold("COUNT", chance.choice([1, 2, 5, 8]))),
    "breaker with a percentage": lambda chance: _breaker(
        _threshold("UNBOUNDED_PERCENT", chance.choice([50, 100, 300]))
    ),
    "breaker that healthy tasks don't reset": lambda _: _breaker({"resetOnHealthyTask": False}),
    "early success, deferred clean-up": lambda chance: _early_success("DEFERRED", chance),
    "early success, blocking clean-up": lambda chance: _early_success("BLOCKING", chance),
    "alarm": lambda chance: {"alarm": f"alarm-{chance.number(0, 999)}"},
    "health check": lambda _: {"health_check": True},
    "target group": lambda _: {"balanced": True},
    "target group with a grace period": lambda _: {
        "balanced": True,
        "properties": {"healthCheckGracePeriodSeconds": 60},
    },
    "Classic Load Balancer": lambda _: {"classic": True},
    "not pinned": lambda _: {"pins_tags": False},
    "stops before it starts": lambda _: _percentages(0, 100),
    "half at a time": lambda _: _percentages(50, 200),
    "instances keep images (pulls once)": lambda _: {"pulls_once": True},
    "Fargate": lambda _: {"launch_type": "FARGATE"},
}
ODDITIES = {
    "tasks report no digest": ("hides-digests",),
    "neither tasks nor revisions tell digests": ("hides-digests", "hides-revisions"),
    "agent names images by digest": ("image-by-digest",),
}
"""How services are reported, by the kinds of `weco_deploy.sandbox.ecs.trouble`."""
SIDECAR = "public.ecr.aws/sidecars/proxy:1"


def add_services(world: World, chance: Chance, host: str) -> None:
    """The project's services, whose images are from the registry with this host name."""
    environment = world.project.environment("stage")
    place = place_of(world.project, environment, world.place)
    world.cluster("stage", place)
    world.ecs.simulation.region(place.account, place.region).clusters["stage"].instances = chance.number(1, 3)
    for service_id, image_ids in world.project.services.items():
        options = _options(chance)
        sidecars = (SIDECAR,) if chance.happens(0.15, "service: sidecar") else ()
        if len(image_ids) > 1:
            chance.note("service: two images")
        service = world.service(
            service_id, "stage", list(image_ids), sidecars=sidecars, registry=host, **options
        )
        if service.tasks and chance.happens(0.12, "service: old tasks are protected"):
            world.protect_tasks(service_id, "stage", minutes=chance.choice([1, 60]))
        if chance.happens(0.12):
            for kind in ODDITIES[chance.noted("service:", list(ODDITIES))]:
                world.trouble(service_id, "stage", kind)


def _options(chance: Chance) -> ServiceOptions:
    options: dict[str, Any] = {"desired": chance.noted("service: desired count", [0, 1, 1, 2, 2, 3, 6])}
    for name, option in OPTIONS.items():
        probability = 0.03 if "pulls once" in name else 0.12
        if chance.happens(probability):
            added = option(chance)
            if ("classic" in added and "balanced" in options) or (
                "balanced" in added and "classic" in options
            ):
                continue  # a service has one kind of load balancer
            chance.note(f"service: {name}")
            merge(options, added)
    if chance.happens(0.05, "service: daemon"):
        del options["desired"]
        options["scheduling"] = "DAEMON"
        merge(options, _percentages(0, 100))
        options["configuration"].pop("earlySuccessCriteria", None)
    elif "classic" not in options and chance.happens(0.25):
        add_strategy(options, chance)
    return cast("ServiceOptions", options)


def _threshold(kind: str, value: int) -> Mapping[str, Any]:
    return {"thresholdConfiguration": {"type": kind, "value": value}}


def _breaker(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"configuration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True, **settings}}}


def _early_success(cleanup: str, chance: Chance) -> Mapping[str, Any]:
    percent = chance.choice([50, 100])
    criteria = {"enable": True, "healthyPercent": percent, "sourceServiceRevisionCleanup": cleanup}
    # ECS accepts no lower healthyPercent than minimumHealthyPercent.
    return {"configuration": {"earlySuccessCriteria": criteria, "minimumHealthyPercent": percent}}


def _percentages(fewest: int, most: int) -> Mapping[str, Any]:
    return {"configuration": {"minimumHealthyPercent": fewest, "maximumPercent": most}}
