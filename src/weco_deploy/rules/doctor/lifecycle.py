"""Checks whether lifecycle rules could expire or archive an image that is deployed, or that worked last.

ECR acts on an image by one rule at most: the one with the lowest priority number whose tags it matches (ECR User Guide,
"Automate the cleanup of images by using lifecycle policies").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.checks import Check, Result
from weco_deploy.model.digest import short_digest
from weco_deploy.model.project import Project
from weco_deploy.model.setup import ImageInUse, LifecyclePolicy, LifecycleRule
from weco_deploy.rules.doctor.aws_commands import aws
from weco_deploy.rules.doctor.findings import problems_or_ok, unread, unread_alike

ID = "lifecycle"
_OK = "no rule could remove an image that is deployed or worked last"


def lifecycle(
    project: Project,
    policies: Mapping[str, Answer[LifecyclePolicy | None]],
    used: Answer[Sequence[ImageInUse]],
) -> Iterator[Check]:
    """The lifecycle rules that could remove images in use. `policies` are by repository."""
    if isinstance(used, DeployError):
        yield unread(ID, used, needed=False)
        return
    yield from problems_or_ok(ID, _problems(project, policies, used), _OK)


def _problems(
    project: Project, policies: Mapping[str, Answer[LifecyclePolicy | None]], used: Sequence[ImageInUse]
) -> Iterator[Check]:
    errors = ((name, policy) for name, policy in policies.items() if isinstance(policy, DeployError))
    yield from unread_alike(ID, "lifecycle policies", errors, needed=False)
    for repository, policy in policies.items():
        if policy is not None and not isinstance(policy, DeployError):
            floating = floating_tags(project, repository)
            for image in used:
                if image.repository == repository and (rule := removing_rule(policy.rules, image, floating)):
                    yield _problem(project, policy, rule, image, floating)


def floating_tags(project: Project, repository: str) -> frozenset[str]:
    """The tags of all environments in a repository. Each of them is on one image at most."""
    return frozenset(
        image.tag_in(environment)
        for image in project.images
        if image.repository == repository
        for environment in project.environments
    )


def removing_rule(
    rules: Sequence[LifecycleRule], image: ImageInUse, floating: frozenset[str]
) -> LifecycleRule | None:
    """The rule that could remove the image; None if there is none, or if the rule that selects the image keeps it.

    A rule for environments' tags keeps these images if it counts images, and allows as many as there are tags.
    """
    for rule in rules:  # by priority
        if rule.storage_class != "archive" and _selects(rule, image.tags):
            return None if _keeps(rule, image, floating) else rule
    return None


def _selects(rule: LifecycleRule, tags: Sequence[str]) -> bool:
    match rule.tag_status:
        case "untagged":
            return not tags
        case "any":
            return True
    matches = [
        any(_matches(rule, wanted, tag) for tag in tags) for wanted in (*rule.prefixes, *rule.patterns)
    ]
    return bool(matches) and all(matches)


def _matches(rule: LifecycleRule, wanted: str, tag: str) -> bool:
    return tag.startswith(wanted) if wanted in rule.prefixes else fnmatchcase(tag, wanted)


def _keeps(rule: LifecycleRule, image: ImageInUse, floating: frozenset[str]) -> bool:
    """Whether a rule that selects the image never comes to remove it."""
    wanted = (*rule.prefixes, *rule.patterns)
    selected = {tag for tag in floating if any(_matches(rule, text, tag) for text in wanted)}
    by_floating_tags = all(
        tag in floating for tag in image.tags if any(_matches(rule, text, tag) for text in wanted)
    )
    return (
        rule.count_type == "imageCountMoreThan"
        and rule.tag_status == "tagged"
        and by_floating_tags
        and rule.count >= len(selected)
    )


def _problem(
    project: Project,
    policy: LifecyclePolicy,
    rule: LifecycleRule,
    image: ImageInUse,
    floating: frozenset[str],
) -> Check:
    action = "archive" if rule.action == "transition" else "expire"
    found = (
        f"{image.repository}: rule {rule.priority} ({_in_words(rule)}) could {action} "
        f"{short_digest(image.digest)} of {image.image_id}, {' and '.join(image.why)}"
    )
    held = sorted(floating.intersection(image.tags))
    if not held:
        advice = "let the rule keep more images, or for longer: enough for what you may want to roll back to"
        return Check(ID, Result.WARN, found, advice)
    return Check(
        ID,
        Result.WARN,
        found,
        command=aws(
            project.region_name,
            "ecr",
            "put-lifecycle-policy",
            "--repository-name",
            image.repository,
            "--lifecycle-policy-text",
            protecting(policy, sorted(floating)),
        ),
    )


def _in_words(rule: LifecycleRule) -> str:
    wanted = ", ".join((*(f"{prefix}*" for prefix in rule.prefixes), *rule.patterns))
    images = f"tagged {wanted}" if rule.tag_status == "tagged" else f"{rule.tag_status} images"
    return f"{images}, {rule.count_type} {rule.count}"


def protecting(policy: LifecyclePolicy, tags: Sequence[str]) -> str:
    """The policy as JSON, after a rule for each of these tags that keeps the one image which has it."""
    before = [
        {
            "rulePriority": priority,
            "description": f"Keep the image that is deployed as {tag}",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": [tag],
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
        for priority, tag in enumerate(tags, 1)
    ]
    own = sorted(json.loads(policy.text)["rules"], key=lambda rule: int(rule["rulePriority"]))
    after = [{**rule, "rulePriority": priority} for priority, rule in enumerate(own, len(before) + 1)]
    return json.dumps({"rules": [*before, *after]}, separators=(",", ":"))
