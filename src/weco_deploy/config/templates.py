"""Checks the templates of names: their variables, and the names that they make in each environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from weco_deploy.config import patterns
from weco_deploy.config.nodes import Problem
from weco_deploy.config.outline import EnvironmentOutline, ProjectOutline, Template
from weco_deploy.config.spelling import did_you_mean
from weco_deploy.model.template import placeholders

RESERVED = {"environment": "the environment's id", "service": "the service's id"}


def template_problems(project: ProjectOutline) -> Iterator[Problem]:
    """Variables that an environment lacks, and tags that are invalid or the same in two environments."""
    yield from _reserved_names(project.environments)
    given = (project.tag, *(image.tag for image in project.images))
    # Images without a template of their own have the project's.
    by_path = {template.node.path: template for template in given if template and template.node}
    for template in by_path.values():
        yield from missing_variables(template, project.environments)
        yield from _invalid_tags(template, project.environments)
        yield from _same_tags(template, project.environments)


def _reserved_names(environments: Iterable[EnvironmentOutline]) -> Iterator[Problem]:
    for environment in environments:
        for name, node in environment.variables.items():
            if name in RESERVED:
                yield node.problem(
                    f"found the variable {name!r}, expected another name: {{{name}}} is {RESERVED[name]}"
                )


def missing_variables(
    template: Template, environments: Iterable[EnvironmentOutline], others: Collection[str] = ()
) -> Iterator[Problem]:
    """One problem for each variable, however many environments lack it. `others` may be used, too."""
    environments = tuple(environments)
    for name in sorted(placeholders(template.text) - set(others)):
        lacking = [environment for environment in environments if name not in environment.values]
        if template.node and lacking:
            known = dict.fromkeys(
                known for environment in environments for known in environment.values if known != name
            )
            more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
            yield template.node.problem(
                f"found {{{name}}}, which the variables of the environment {lacking[0].id!r} "
                f"(line {lacking[0].node.line}){more} lack, expected {{environment}} or a variable of every "
                f"environment{did_you_mean(name, known)}"
            )


def _invalid_tags(template: Template, environments: Iterable[EnvironmentOutline]) -> Iterator[Problem]:
    for environment in environments:
        tag = template.filled(environment)
        if template.node and tag is not None and not patterns.TAG.matches(tag):
            yield template.node.problem(
                f"it makes the tag {tag!r} of the environment {environment.id!r} (line {environment.node.line}), "
                f"expected {patterns.TAG.description}"
            )


def _same_tags(template: Template, environments: Iterable[EnvironmentOutline]) -> Iterator[Problem]:
    first_with_tag: dict[str, EnvironmentOutline] = {}
    for environment in environments:
        tag = template.filled(environment)
        if template.node is None or tag is None:
            continue
        first = first_with_tag.setdefault(tag, environment)
        if first.id != environment.id:
            yield template.node.problem(
                f"it makes the tag {tag!r} of two environments, expected a tag for each: "
                f"{first.id!r} (line {first.node.line}) and {environment.id!r} (line {environment.node.line})"
            )
