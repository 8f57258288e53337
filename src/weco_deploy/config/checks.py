"""Checks the checks after a rollout, in `checks` of an environment, against the rest of the project."""

from __future__ import annotations

from collections.abc import Iterator

from weco_deploy.config import patterns
from weco_deploy.config.nodes import Node, Problem, repeated_ids
from weco_deploy.config.outline import EnvironmentOutline, ProjectOutline, Template
from weco_deploy.config.spelling import did_you_mean
from weco_deploy.config.templates import missing_variables
from weco_deploy.model.rollout_check import COMMIT, DIGEST, PLACEHOLDERS
from weco_deploy.model.template import placeholders

_ONLY_WITH = {"credentials": "run", "expect": "http"}


def check_problems(project: ProjectOutline) -> Iterator[Problem]:
    """Ids given twice, checks that do nothing or two things, unknown images, and variables that the environment lacks."""
    images = [image.id for image in project.images]
    yield from _nothing_to_verify(project)
    for environment in project.environments:
        mapping = project.mapping(environment)
        checks = tuple(mapping.items("checks"))
        for id_, first in repeated_ids((*mapping.items("before"), *checks)):
            if id_.path[-3] == "checks":  # the tasks before the restart have their own message
                yield id_.problem(
                    f"found the step {id_.text!r} twice, first on line {first.line}, expected another id"
                )
        for check in checks:
            yield from _probe(check)
            yield from _templates(check, environment, images)


def _nothing_to_verify(project: ProjectOutline) -> Iterator[Problem]:
    """A problem for each gate that asks for checks of an environment that has none, so that it would never open."""
    unchecked = {
        environment.id
        for environment in project.environments
        if not any(project.mapping(environment).items("checks"))
    }
    for environment in project.environments:
        requires = project.mapping(environment).at("requires")
        verified = requires.at("verified") if requires else None
        if (
            verified
            and verified.text == "true"
            and (missing := unchecked & {it.id for it in environment.requires})
        ):
            yield verified.problem(
                f"found verified although {missing.pop()!r} has no checks, expected checks there"
            )


def _probe(check: Node) -> Iterator[Problem]:
    run, http = check.at("run"), check.at("http")
    if run and http:
        yield http.problem(f"found http although run is on line {run.line}, expected one of the two")
    elif not run and not http and isinstance(check.value, dict):
        yield check.problem("found neither run nor http, expected what the check does")
    else:
        for key, needed in _ONLY_WITH.items():
            if (node := check.at(key)) and not check.at(needed):
                yield node.problem(f"found {key}, expected it only with {needed}")


def _templates(check: Node, environment: EnvironmentOutline, images: list[str]) -> Iterator[Problem]:
    http, expect = check.at("http"), check.at("expect")
    if http and http.text is not None and patterns.HTTP_URL.matches(http.text):
        yield from missing_variables(Template(http.text, http), [environment])
    if expect is None:
        return
    image, fields = expect.at("image"), expect.at("fields")
    if image and image.text is not None and image.text not in images:
        yield image.problem(
            f"found {image.text!r}, expected an image of this project{did_you_mean(image.text, images)}"
        )
    for field in fields.entries() if fields else ():
        if field.text is None:
            continue
        yield from missing_variables(Template(field.text, field), [environment], PLACEHOLDERS)
        about_image = sorted(placeholders(field.text) & {COMMIT, DIGEST})
        if about_image and image is None and len(images) > 1:
            yield field.problem(
                f"found {{{about_image[0]}}} without image, expected image: the one of {len(images)} that it is about"
            )
