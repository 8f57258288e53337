"""Checks the destinations of messages against the rest of the project."""

from __future__ import annotations

from collections.abc import Iterator

from weco_deploy.config import patterns
from weco_deploy.config.nodes import Node, Problem
from weco_deploy.config.outline import ProjectOutline
from weco_deploy.config.spelling import did_you_mean
from weco_deploy.model.notification import DEFAULT_EVENTS, PLACEHOLDERS
from weco_deploy.model.template import placeholders


def notify_problems(project: ProjectOutline) -> Iterator[Problem]:
    """Unknown environments and placeholders, templates that are never used, and destinations that would get a message twice."""
    known = [environment.id for environment in project.environments]
    first_lines: dict[tuple[str, str], int] = {}
    for destination in project.node.items("notify"):
        given = list(destination.items("environments"))
        yield from _unknown_environments(given, known)
        yield from _templates(destination)
        yield from _never_overdue(destination, project)
        named = [node.text for node in given if node.text is not None]
        yield from _duplicates(destination, named or known, first_lines)
    for environment in project.node.items("environments"):
        for destination in environment.items("notify"):
            yield from _environments_of_environment(destination)
            yield from _templates(destination)
            yield from _never_overdue(destination, project)
            id_ = environment.at("id")
            if id_ is not None and id_.text is not None:
                yield from _duplicates(destination, [id_.text], first_lines)


def _unknown_environments(given: list[Node], known: list[str]) -> Iterator[Problem]:
    for node in given:
        if node.text is not None and patterns.ENVIRONMENT_ID.matches(node.text) and node.text not in known:
            suggestion = did_you_mean(node.text, known)
            yield node.problem(f"found {node.text!r}, expected an environment of this project{suggestion}")


def _environments_of_environment(destination: Node) -> Iterator[Problem]:
    node = destination.at("environments")
    if node is not None:
        yield node.problem(
            "found environments, expected none: a destination here is only for its environment"
        )


def _templates(destination: Node) -> Iterator[Problem]:
    events = [node.text for node in destination.items("events")] or list(DEFAULT_EVENTS)
    templates = destination.at("templates")
    for template in templates.entries() if templates else ():
        event = str(template.path[-1])
        if event not in events:
            yield template.problem(f"found a template for {event!r}, which is not among the events")
        for name in sorted(placeholders(template.text or "") - set(PLACEHOLDERS)):
            yield template.problem(
                f"found {{{name}}}, expected one of {', '.join(PLACEHOLDERS)}{did_you_mean(name, PLACEHOLDERS)}"
            )


def _never_overdue(destination: Node, project: ProjectOutline) -> Iterator[Problem]:
    if project.node.at("overdue") is None:
        for event in destination.items("events"):
            if event.text == "overdue":
                yield event.problem(
                    "found 'overdue', expected the project's key overdue with it: after how long?"
                )


def _duplicates(
    destination: Node, environments: list[str], first_lines: dict[tuple[str, str], int]
) -> Iterator[Problem]:
    url_from = destination.at("url_from")
    if url_from is None or url_from.text is None or not patterns.DESTINATION.matches(url_from.text):
        return
    for environment in environments:
        first = first_lines.setdefault((environment, url_from.text), url_from.line)
        if first != url_from.line:
            yield url_from.problem(
                f"found {url_from.text!r} twice for {environment!r}, first on line {first}: it would get messages twice"
            )
            return
