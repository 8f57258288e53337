"""Checks the repositories: whether they exist, whether tags can be moved, and whether images name their version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from weco_deploy.errors import DeployError
from weco_deploy.model.answers import Answer
from weco_deploy.model.checks import PROGRAM, Check, Result
from weco_deploy.model.digest import short_digest
from weco_deploy.model.image import Repository, TaggedImage
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.tags import LATEST, pattern_text, version_tags
from weco_deploy.rules.doctor.aws_commands import aws
from weco_deploy.rules.doctor.findings import not_checked, problems_or_ok, unread, unread_alike
from weco_deploy.rules.planning import movable

REPOSITORY, MUTABILITY, LABEL, REF = "repository", "tag_mutability", "image_label", "image_ref"
IDS = (REPOSITORY, MUTABILITY, LABEL, REF)
MOST_EXCLUSIONS = 5
"""ECR takes no more exclusion filters."""


def repositories(
    project: Project, environments: Sequence[Environment], found: Answer[Mapping[str, Repository]]
) -> Iterator[Check]:
    """Whether each repository exists, and whether the environments' tags can be moved there."""
    if isinstance(found, DeployError):
        yield unread(REPOSITORY, found)
        yield from not_checked([MUTABILITY], "the repositories could not be read")
        return
    names = tuple(dict.fromkeys(image.repository for image in project.images))
    missing = [name for name in names if name not in found]
    yield from problems_or_ok(
        REPOSITORY, (_missing(project, name) for name in missing), f"all {len(names)} exist"
    )
    tags = {name: _tags(project, environments, name) for name in names}
    fixed = (
        _immutable(project, repository, wrong)
        for name, repository in found.items()
        if (wrong := [tag for tag in tags.get(name, ()) if not movable(repository, tag)])
    )
    yield from problems_or_ok(MUTABILITY, fixed, "the environments' tags can be moved")


def _tags(project: Project, environments: Sequence[Environment], repository: str) -> tuple[str, ...]:
    """The floating tags of a repository's images."""
    images = [image for image in project.images if image.repository == repository]
    return tuple(dict.fromkeys(image.tag_in(place) for image in images for place in environments))


def _missing(project: Project, name: str) -> Check:
    return Check(
        REPOSITORY,
        Result.FAIL,
        f"there is no {name} in {project.region_name}",
        "create it, or correct namespace or repository in the project file",
        aws(project.region_name, "ecr", "create-repository", "--repository-name", name),
    )


def _immutable(project: Project, repository: Repository, tags: Sequence[str]) -> Check:
    setting = _setting(repository, tags)
    return Check(
        MUTABILITY,
        Result.FAIL,
        f"{repository.name}: its tags are {repository.mutability}, so {', '.join(tags)} can't be moved",
        command=aws(
            project.region_name,
            "ecr",
            "put-image-tag-mutability",
            "--repository-name",
            repository.name,
            "--image-tag-mutability",
            *setting,
        ),
    )


def _setting(repository: Repository, tags: Sequence[str]) -> Iterator[str]:
    """The words for a setting with which these tags can be moved, and which changes as little else as possible."""
    if repository.mutability.startswith("IMMUTABLE"):
        filters = [*repository.exclusions, *tags]
        setting = "IMMUTABLE_WITH_EXCLUSION"
    else:
        filters = [pattern for pattern in repository.exclusions if not _excludes(repository, pattern, tags)]
        setting = "MUTABLE_WITH_EXCLUSION"
    if not filters or len(filters) > MOST_EXCLUSIONS:
        yield "MUTABLE"
        return
    yield setting
    yield "--image-tag-mutability-exclusion-filters"
    yield from (f"filterType=WILDCARD,filter={pattern}" for pattern in filters)


def _excludes(repository: Repository, pattern: str, tags: Sequence[str]) -> bool:
    only = Repository(
        name=repository.name, uri=repository.uri, mutability=repository.mutability, exclusions=(pattern,)
    )
    return any(not movable(only, tag) for tag in tags)


def labels(latest: Mapping[Image, Answer[TaggedImage | None]]) -> Iterator[Check]:
    """Whether each image has the label that releases are made from unless another one is given."""
    errors = ((image.id, answer) for image, answer in latest.items() if isinstance(answer, DeployError))
    missing = (_no_label(image) for image, answer in latest.items() if answer is None and not image.optional)
    problems = [*unread_alike(LABEL, LATEST, errors, needed=True), *missing]
    yield from problems_or_ok(LABEL, problems, f"every image has the label {LATEST}")


def _no_label(image: Image) -> Check:
    return Check(
        LABEL,
        Result.WARN,
        f"{image.id}: no image of {image.repository} is tagged {LATEST}: a release needs --commit or --from-label",
        "let CI tag what it pushes, or publish an image:",
        (PROGRAM, "publish", "--image-id", image.id),
    )


def refs(
    latest: Mapping[Image, Answer[TaggedImage | None]], revisions: Mapping[str, Answer[str | None]]
) -> Iterator[Check]:
    """Whether each image names its commit or version. `revisions` are those in labels, by image id, where no tag does."""
    tagged = [
        (image, answer)
        for image, answer in latest.items()
        if answer is not None and not isinstance(answer, DeployError)
    ]
    if not tagged:
        yield from not_checked([REF], f"no image is tagged {LATEST}")
        return
    nameless = [(image, answer) for image, answer in tagged if not names_version(image, answer)]
    errors = (
        (image.id, error)
        for image, _ in nameless
        if isinstance(error := revisions.get(image.id), DeployError)
    )
    problems = (_nameless(image, answer) for image, answer in nameless if revisions.get(image.id) is None)
    yield from problems_or_ok(
        REF,
        [*unread_alike(REF, "labels of images", errors, needed=False), *problems],
        "every image names its commit or version",
    )


def names_version(image: Image, tagged: TaggedImage) -> bool:
    """Whether a tag of the image is a version tag."""
    return bool(version_tags(tagged.tags, image.refs, LATEST))


def _nameless(image: Image, tagged: TaggedImage) -> Check:
    patterns = " or ".join(map(pattern_text, image.refs))
    others = ", ".join(tag for tag in tagged.tags if tag != LATEST) or "none"
    return Check(
        REF,
        Result.FAIL,
        f"{image.id}: {short_digest(tagged.digest)} has no tag like {patterns}, and no label that names its "
        f"commit; its other tags: {others}",
        "let CI push images with such a tag, or describe the tags that they have (refs in the project file)",
    )
