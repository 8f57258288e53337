"""How a team keeps its resources in AWS: what identifies its services, how they and its images are named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from weco_deploy.errors import UsageError
from weco_deploy.model.project import Environment, Project
from weco_deploy.model.tags import commit_tag, version_tag

CLUSTER_FIELDS = ("project", "environment")
"""The fields that the template of a cluster's name may have."""
SERVICE_FIELDS = (*CLUSTER_FIELDS, "service")
"""The fields that the template of a service's name may have."""


ROLLING = "ROLLING"
STRATEGIES: Mapping[str, Mapping[str, object]] = {
    ROLLING: {},
    "BLUE_GREEN": {"bakeTimeInMinutes": 2},
    "LINEAR": {
        "bakeTimeInMinutes": 2,
        "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 2},
    },
    "CANARY": {
        "bakeTimeInMinutes": 2,
        "canaryConfiguration": {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 3},
    },
}
"""ECS's deployment strategies, each with what services that use it have in their `deploymentConfiguration`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What `sandbox start` creates resources by.

    Attributes:
        tagged: whether services carry `deployment:service` and `deployment:env`.
        cluster_name: the names of clusters, with `CLUSTER_FIELDS`.
        service_name: the names of services, with `SERVICE_FIELDS`.
        environment_names: by an environment's id what `{environment}` stands for in names, where it isn't the id.
        bare_commits: whether images are tagged with the bare commit, whatever the project file says.
        env_tags: whether images have the tags of the environments, without which no task can start.
        load_balancers: whether each service is behind a target group of its own.
        strategy: how ECS deploys the services: one of STRATEGIES.

    Raises:
        UsageError: a template is not valid.

    """

    tagged: bool = True
    cluster_name: str = "{project}-{environment}"
    service_name: str = "{service}"
    environment_names: Mapping[str, str] = field(default_factory=dict)
    bare_commits: bool = False
    env_tags: bool = True
    load_balancers: bool = False
    strategy: str = ROLLING

    def __post_init__(self) -> None:
        _check("--cluster-name", self.cluster_name, CLUSTER_FIELDS)
        _check("--service-name", self.service_name, SERVICE_FIELDS)

    def cluster(self, project: Project, environment: Environment) -> str:
        """The name of the environment's cluster."""
        return legal_name(self.cluster_name.format(**self._fields(project, environment)))

    def service(self, project: Project, environment: Environment, service_id: str) -> str:
        """The name of a service."""
        return legal_name(self.service_name.format(**self._fields(project, environment), service=service_id))

    def version_tag(self, commit: str, refs: Sequence[str]) -> str:
        """The tag that names the commit of an image. `refs` are the project file's patterns of version tags."""
        return commit if self.bare_commits else version_tag(commit, refs) or commit_tag(commit)

    def _fields(self, project: Project, environment: Environment) -> Mapping[str, str]:
        name = self.environment_names.get(environment.id, environment.id)
        return {"project": project.id, "environment": name}


def legal_name(name: str) -> str:
    """`name` as a legal name of a cluster, service, container or family: letters, digits, `-` and `_`, up to 255.

    A changed name ends with a hash of the original, because two names may change into the same text.
    """
    legal = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:240]
    if legal == name:
        return name
    return f"{legal}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _check(option: str, template: str, fields: Sequence[str]) -> None:
    try:
        filled = template.format(**dict.fromkeys(fields, "x"))
    except (AttributeError, LookupError, ValueError):
        filled = ""
    if not filled:
        known = ", ".join(f"{{{field}}}" for field in fields)
        raise UsageError(f"{option} {template!r} is not valid", f"a text that may have {known}")


USUAL = Estate()
"""Services with tags, and images tagged `ref.<commit>`, as the documentation of this tool describes them."""
