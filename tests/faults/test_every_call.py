"""The scenarios make every kind of call that a deployment can make, so that each one is killed at and fails."""

from __future__ import annotations

from tests.faults import test_task_cuts, test_undo_cuts
from tests.faults.scenarios import SCENARIOS, calls_of
from weco_deploy.ports import ImageRegistry, LogReader, ReleaseStore, ServiceRuntime, TaskRunner

PORTS = {
    "registry": ImageRegistry,
    "runtime": ServiceRuntime,
    "tasks": TaskRunner,
    "store": ReleaseStore,
    "logs": LogReader,
}
BESIDES = {"caller", "check_account", "clock.wait"}
"""What reaches AWS, or lets time pass, and is no method of those."""

NOT_BY_A_DEPLOYMENT = {
    "store.releases": "show-releases lists them",
    "store.save": "prepare makes a release without deploying it: a deployment's claim records its own",
    "store.lock": "lock holds an environment by hand",
    "store.unlock": "unlock lets it go by hand",
    "registry.revision": "it names images without a version tag while a release is made; without an answer they stay unnamed",
    "registry.existing_tags": "it finds the images of --commit while a release is made; without an answer there is no release",
    "runtime.hosts": "it is made only for tasks that load balancers reach at ports of their hosts; without an answer ECS judges them",
    "registry.tagged": "status reads the tags of all environments",
}


def offered() -> set[str]:
    """Every operation of the ports."""
    methods = {
        f"{name}.{method}" for name, port in PORTS.items() for method in vars(port) if method[0] != "_"
    }
    return methods | BESIDES


def test_the_scenarios_make_every_call_that_a_deployment_can_make() -> None:
    made = {name for scenario in SCENARIOS for name in calls_of(scenario)} | {
        *test_undo_cuts.calls(),
        *test_task_cuts.calls(),
    }
    assert offered() - made == NOT_BY_A_DEPLOYMENT.keys()
