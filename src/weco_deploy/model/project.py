"""A project as its file describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from weco_deploy.errors import NotFound
from weco_deploy.model.before_task import BeforeTask
from weco_deploy.model.code_deploy import DeploymentGroup
from weco_deploy.model.direction import Backwards
from weco_deploy.model.github import GitHubSettings
from weco_deploy.model.notification import Destination
from weco_deploy.model.rollout_check import RolloutCheck
from weco_deploy.model.service import ServiceKey
from weco_deploy.model.tags import DEFAULT_REFS, DEFAULT_TAG
from weco_deploy.model.template import could_be, fill

DEFAULT_REGION = "eu-west-1"
DEFAULT_NAMESPACE = "uk.ac.wellcome"


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place that releases are deployed to: the ECS services tagged `deployment:env` = `id`.

    `role_arn` and `region_name` are those of its services; None means the project's own. `requires` names the
    environments in which a release must have succeeded before it may be deployed here, and `requires_verified` those of them whose
    checks must have succeeded, too. `variables` are texts for the
    project's templates of names. `stable_for` is for how many seconds its tasks must have been running; None means the
    default. `old_tasks` says whether a service may succeed while old tasks are protected from scale-in, or removed later by ECS.
    `backwards` says whether images may come here that do not certainly move forward in git's history. `url` is its address,
    for GitHub. `before` are the tasks that run before its services restart, `checks` the checks when they have settled.
    """

    id: str
    name: str
    role_arn: str | None = None
    region_name: str | None = None
    requires: tuple[str, ...] = ()
    requires_verified: tuple[str, ...] = ()
    on_failure: Literal["leave", "rollback"] = "leave"
    stable_for: float | None = None
    old_tasks: Literal["leave", "wait"] = "leave"
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)
    backwards: Backwards = Backwards.WARN
    url: str | None = None
    before: tuple[BeforeTask, ...] = ()
    checks: tuple[RolloutCheck, ...] = ()

    @property
    def values(self) -> Mapping[str, str]:
        """The values of placeholders in templates."""
        return {**self.variables, "environment": self.id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The templates of an ECS service's cluster (a name or ARN) and name."""

    cluster: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image repository of the project and the services that run its image.

    `repository` is the full name in ECR; `services` are service ids. `tag` is the template of
    its floating tags, which task definitions use and deployments move; `refs` are the patterns of its version tags, which
    never move, in the order in which they are tried. A release may lack an
    `optional` image.
    """

    id: str
    repository: str
    services: tuple[str, ...] = ()
    tag: str = DEFAULT_TAG
    optional: bool = False
    refs: tuple[str, ...] = DEFAULT_REFS

    def tag_in(self, environment: Environment) -> str:
        """Its floating tag in an environment."""
        return fill(self.tag, environment.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Images and services that are deployed together.

    `tag` is the template for images without one of their own. Services with an address (by service id) are described directly;
    others are found by their tags. An environment may lack the services in
    `optional_services`. Something else deploys those in `services_of_others`.
    CodeDeploy deploys those in `code_deploy`, by the deployment group that these templates name (by service id).
    `branch` is the remote's branch that releases are built from; None if they may be of any. `notify` says where messages
    about deployments go, to any of its environments, and `github` what is written to GitHub. A commit is overdue if it has waited
    for longer than `overdue` to be promoted; None if none ever is. `after` has the services that must have been deployed with
    success before a service is, by service id.
    """

    id: str
    name: str
    role_arn: str | None = None
    region_name: str = DEFAULT_REGION
    account_id: str | None = None
    namespace: str = DEFAULT_NAMESPACE
    release_table: str
    clusters: tuple[str, ...] = ()
    environments: tuple[Environment, ...] = ()
    images: tuple[Image, ...] = ()
    addresses: Mapping[str, Address] = field(default_factory=dict)
    optional_services: frozenset[str] = frozenset()
    services_of_others: frozenset[str] = frozenset()
    code_deploy: Mapping[str, DeploymentGroup] = field(default_factory=dict)
    tag: str = DEFAULT_TAG
    branch: str | None = None
    notify: tuple[Destination, ...] = ()
    github: GitHubSettings | None = None
    overdue: timedelta | None = None
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def destinations(self, environment_id: str) -> tuple[Destination, ...]:
        """Where messages about deployments to an environment go."""
        return tuple(destination for destination in self.notify if environment_id in destination.environments)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the SSM parameters that it uses."""
        names = (destination.parameter for destination in self.notify)
        return tuple(dict.fromkeys(name for name in names if name))

    def environment(self, environment_id: str) -> Environment:
        """The environment with this id. NotFound lists the environments that exist."""
        for environment in self.environments:
            if environment.id == environment_id:
                return environment
        known = ", ".join(environment.id for environment in self.environments)
        raise NotFound(
            f"project {self.id} has no environment {environment_id!r}", f"its environments: {known or 'none'}"
        )

    def image(self, image_id: str) -> Image:
        """The image with this id. NotFound lists the images that exist."""
        for image in self.images:
            if image.id == image_id:
                return image
        known = ", ".join(image.id for image in self.images)
        raise NotFound(f"project {self.id} has no image {image_id!r}", f"its images: {known or 'none'}")

    def named_services(self, environment: Environment) -> Mapping[str, ServiceKey]:
        """The services with an address, by service id, as the project file names their clusters: by name or ARN."""
        return {
            service_id: ServiceKey(
                fill(address.cluster, environment.values),
                fill(address.name, {**environment.values, "service": service_id}),
            )
            for service_id, address in self.addresses.items()
        }

    def deployment_groups(self, environment: Environment) -> Mapping[str, DeploymentGroup]:
        """The deployment groups of the services that CodeDeploy deploys, by service id."""
        groups = {}
        for service_id, group in self.code_deploy.items():
            values = {**environment.values, "service": service_id}
            groups[service_id] = DeploymentGroup(fill(group.application, values), fill(group.name, values))
        return groups

    def label_of(self, environment: Environment) -> str:
        """The label of what an environment has: by the project's template, also for images with another one."""
        return fill(self.tag, environment.values)

    def labelled_environments(self, label: str) -> tuple[Environment, ...]:
        """The environments with this label, or with an image whose floating tag this is."""
        return tuple(
            environment
            for environment in self.environments
            if label == self.label_of(environment)
            or any(label == image.tag_in(environment) for image in self.images)
        )

    def is_floating(self, tag: str) -> bool:
        """Whether the tag is that of an environment, or looks like one: perhaps of an environment that was removed."""
        return not self.without_floating([tag])

    def without_floating(self, tags: Iterable[str]) -> tuple[str, ...]:
        """The tags that are not floating."""
        templates = {self.tag, *(image.tag for image in self.images)}
        floating = {
            fill(template, environment.values) for template in templates for environment in self.environments
        }
        return tuple(
            tag
            for tag in tags
            if tag not in floating and not any(could_be(tag, template) for template in templates)
        )

    def floating_tags(self, environment: Environment, image_ids: Iterable[str]) -> tuple[str, ...]:
        """The different tags of these images in an environment."""
        tags = {image.id: image.tag_in(environment) for image in self.images}
        # An image of an old deployment may have left the file.
        return tuple(dict.fromkeys(tags.get(image_id, self.label_of(environment)) for image_id in image_ids))

    @property
    def services(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of each service's images, by service id, both in the order of the file."""
        found: dict[str, list[str]] = {}
        for image in self.images:
            for service_id in image.services:
                found.setdefault(service_id, []).append(image.id)
        return {service_id: tuple(image_ids) for service_id, image_ids in found.items()}
