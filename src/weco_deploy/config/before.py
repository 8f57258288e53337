"""Checks the tasks that run before the restart, in `before` of an environment."""

from __future__ import annotations

from collections.abc import Iterator

from weco_deploy.config import patterns
from weco_deploy.config.nodes import Node, Problem, repeated_ids
from weco_deploy.config.outline import ProjectOutline, Template
from weco_deploy.config.spelling import did_you_mean
from weco_deploy.config.templates import missing_variables

LAUNCH_KEYS = (
    "cluster",
    "launch_type",
    "capacity_provider",
    "subnets",
    "security_groups",
    "assign_public_ip",
)
"""The keys that say where a task runs. `like` stands for all of them."""
_TEMPLATES = {"task_definition": patterns.TASK_DEFINITION_TEMPLATE, "cluster": patterns.CLUSTER_TEMPLATE}


def before_problems(project: ProjectOutline) -> Iterator[Problem]:
    """Ids given twice, unknown services, tasks without a place or with two, and variables that the environment lacks."""
    services = {service.id for image in project.images for service in image.services}
    for environment in project.environments:
        tasks = tuple(project.mapping(environment).items("before"))
        for id_, first in repeated_ids(tasks):
            yield id_.problem(
                f"found the task {id_.text!r} twice, first on line {first.line}, expected another id"
            )
        for task in tasks:
            yield from _place(task, services)
            for key, pattern in _TEMPLATES.items():
                template = task.at(key)
                if template and template.text is not None and pattern.matches(template.text):
                    yield from missing_variables(Template(template.text, template), [environment])


def _place(task: Node, services: set[str]) -> Iterator[Problem]:
    like, given = task.at("like"), [node for key in LAUNCH_KEYS if (node := task.at(key))]
    if like is None:
        if task.at("cluster") is None and isinstance(task.value, dict):
            yield task.problem(
                "found neither like nor cluster, expected like: <service id>, or cluster and what else the task needs"
            )
    elif given:
        yield given[0].problem(
            f"found {given[0].path[-1]} although like is on line {like.line}, expected one of the two: "
            "like stands for the cluster, the network and the launch settings of a service"
        )
    elif like.text is not None and like.text not in services:
        yield like.problem(
            f"found {like.text!r}, expected a service of this project{did_you_mean(like.text, services)}"
        )
    launch_type, provider = task.at("launch_type"), task.at("capacity_provider")
    if launch_type and provider:
        yield provider.problem(
            f"found a capacity provider although launch_type is on line {launch_type.line}, expected one of the two"
        )
