"""Plans the checks that run when all services have settled, and judges the answers to their requests.

A command gets commits and digests in environment variables. In the expected texts of an answer, {commit}, {digest} and {release}
stand for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weco_deploy.model.before_task import On
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.http_answer import HttpAnswer
from weco_deploy.model.kind import Kind
from weco_deploy.model.plan import PlannedImage
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.rollout_check import (
    COMMIT,
    DIGEST,
    PLACEHOLDERS,
    HttpRequest,
    PlannedCheck,
    RolloutCheck,
)
from weco_deploy.model.tags import commit_in, is_commit
from weco_deploy.model.template import fill, placeholders

LEAST_ABBREVIATION = 7
"""How many digits of a commit an answer must have at least."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a deployment is about, as its checks need it: commits and digests by image id. A commit may be unknown."""

    project: str
    environment: Environment
    release: str
    digests: Mapping[str, str]
    commits: Mapping[str, str]


def deployed(
    project: Project,
    environment: Environment,
    release: str,
    images: Sequence[PlannedImage],
    record: EnvironmentRecord,
) -> Deployed:
    """What the environment has after a deployment of these images: a release may lack images that are there already."""
    named = {image.id for image in project.images}
    there = {image_id: applied for image_id, applied in record.images.items() if image_id in named}
    digests = {image_id: applied.digest for image_id, applied in there.items()}
    commits = {
        image_id: commit_in(applied.ref, applied.name) for image_id, applied in there.items() if applied.ref
    }
    for image in images:
        digests[image.image_id] = image.manifest.digest
        commits[image.image_id] = commit_in(image.to_ref, image.to_name)
    return Deployed(project.id, environment, release, digests, commits)


def wanted_checks(environment: Environment, kind: Kind) -> tuple[RolloutCheck, ...]:
    """The checks that a deployment of this kind runs."""
    on = On.ROLLBACK if kind is Kind.ROLLBACK else On.DEPLOY
    return tuple(check for check in environment.checks if on in check.on)


def plan_checks(
    checks: Sequence[RolloutCheck], about: Deployed
) -> tuple[tuple[PlannedCheck, ...], tuple[str, ...]]:
    """The planned checks, and the reasons against the deployment."""
    planned: list[PlannedCheck] = []
    refusals: list[str] = []
    for check in checks:
        found = _plan(check, about)
        if isinstance(found, str):
            refusals.append(f"{check.id}: {found}")
        else:
            planned.append(found)
    return tuple(planned), tuple(refusals)


def _plan(check: RolloutCheck, about: Deployed) -> PlannedCheck | str:
    if not isinstance(check.probe, HttpRequest):
        return PlannedCheck(check=check, variables=_variables(about))
    used = frozenset().union(*(placeholders(text) for _, text in check.probe.fields))
    values = {**about.environment.values, "release": about.release}
    if used & {COMMIT, DIGEST}:
        image = check.probe.image or next(iter(about.digests), "")
        if image not in about.digests:
            return f"it expects the image {image}, which neither the release nor {about.environment.id} has"
        if COMMIT in used and image not in about.commits:
            return f"it expects the commit of {image}, which is not known"
        values |= {DIGEST: about.digests[image], COMMIT: about.commits.get(image, "")}
    return PlannedCheck(
        check=check,
        url=fill(check.probe.url, about.environment.values),
        fields=tuple((name, fill(text, values)) for name, text in check.probe.fields),
        about_release=bool(used.intersection(PLACEHOLDERS)),
    )


def _variables(about: Deployed) -> tuple[tuple[str, str], ...]:
    commits = set(about.commits.values())
    return (
        ("DEPLOYED_PROJECT", about.project),
        ("DEPLOYED_ENVIRONMENT", about.environment.id),
        ("DEPLOYED_RELEASE", about.release),
        # Only one commit for all images, or none: a script must not take one of several for all.
        ("DEPLOYED_COMMIT", commits.pop() if len(commits) == 1 else ""),
        ("DEPLOYED_COMMITS", json.dumps(dict(about.commits))),
        ("DEPLOYED_DIGESTS", json.dumps(dict(about.digests))),
    )


def why_not_expected(answer: HttpAnswer, planned: PlannedCheck) -> str:
    """Why the answer is not what the check expects; empty if it is."""
    probe = planned.check.probe
    if not isinstance(probe, HttpRequest):
        raise TypeError(f"{planned.id} makes no request")
    if answer.status is None:
        return f"no answer: {answer.problem}"
    if answer.status != probe.status:
        return f"the answer has the status {answer.status}, expected {probe.status}"
    if not planned.fields:
        return ""
    try:
        content = json.loads(answer.text)
    except ValueError:
        return "the answer is not JSON"
    for name, expected in planned.fields:
        found = _field(content, name)
        if found is None:
            return f"the answer has no field {name}, expected {expected}"
        if found != expected and not _abbreviates(found, expected):
            return f"the answer's {name} is {found}, expected {expected}"
    return ""


def _field(content: object, name: str) -> str | None:
    """A field's value as text; None if there is none."""
    for key in name.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    if isinstance(content, str) or content is None:
        return content
    return json.dumps(content)


def _abbreviates(text: str, expected: str) -> bool:
    """Whether both are the same commit, and one of them has only its first digits."""
    if not (is_commit(text) and is_commit(expected)) or min(len(text), len(expected)) < LEAST_ABBREVIATION:
        return False
    return text.startswith(expected) or expected.startswith(text)
