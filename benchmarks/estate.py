"""What is in the account of a benchmark: a project's images and services, and those of other teams."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from benchmarks.aws import Aws
from tests.world.projects import project
from weco_deploy.model.project import Project
from weco_deploy.sandbox import images, provision
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.estate import USUAL
from weco_deploy.sandbox.running import new_state
from weco_deploy.sandbox.simulation_server import COME_TO_REST
from weco_deploy.sandbox.state import Ports, State

TASKS = 2
"""Tasks of a service."""
SERVICES_OF_A_CLUSTER = 100
"""Services of other teams in one of their clusters."""


def project_of(number: int, services: int, project_id: str = "bench") -> Project:
    """A project of so many images, with so many services of each."""
    return project(
        {
            f"{project_id}-{image}": [f"{project_id}-{image}-{place}" for place in range(services)]
            for image in range(number)
        },
        environments=("stage",),
        project_id=project_id,
    )


def create(aws: Aws, *projects: Project, others: int = 0, tasks: int = TASKS) -> State:
    """Create the projects' repositories and services, which run, and so many services of other teams."""
    state = new_state(projects, Ports(emulator=aws.port, simulation=0), aws.place.account)
    provision.push_first_images(state.images, aws.registry, USUAL)
    then = aws.now() - timedelta(seconds=COME_TO_REST)
    for item in (*provision.requests(state.services, USUAL), *_others(aws, others)):
        if item["operation"] == "ecs:CreateService" and item["request"]["desiredCount"]:
            item["request"]["desiredCount"] = tasks
        aws.simulation.answer(item["account"], item["region"], item["operation"], item["request"], then)
    aws.simulation.run_due(aws.now())
    return state


def push(aws: Aws, state: State, behaviour: str = images.GOOD) -> None:
    """Push a new version of each image, as build pipelines do. It behaves as the sandbox's word says."""
    for target in state.images:
        commit = provision.new_commit()
        tags = (USUAL.version_tag(commit, target.refs), provision.LATEST)
        aws.pushed[target.repository] = tags[0]
        aws.registry.push(
            target.place, target.repository, images.build(target.repository, commit, behaviour), tags
        )


def _others(aws: Aws, services: int) -> Iterator[Json]:
    """Services of other teams in the same environment, without tasks."""
    definition = {
        "family": "others",
        "containerDefinitions": [{"name": "app", "image": "busybox", "memory": 64}],
    }
    yield _request(aws, "ecs:RegisterTaskDefinition", definition)
    for number in range(services):
        cluster = f"others-{number // SERVICES_OF_A_CLUSTER}"
        if number % SERVICES_OF_A_CLUSTER == 0:
            yield _request(aws, "ecs:CreateCluster", {"clusterName": cluster})
        tags = {"deployment:service": f"other-{number}", "deployment:env": "stage"}
        yield _request(
            aws,
            "ecs:CreateService",
            {
                "cluster": cluster,
                "serviceName": f"other-{number}",
                "taskDefinition": "others",
                "desiredCount": 0,
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
            },
        )


def _request(aws: Aws, operation: str, content: Json) -> Json:
    return {
        "account": aws.place.account,
        "region": aws.place.region,
        "operation": operation,
        "request": content,
    }
