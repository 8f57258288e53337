"""What was observed of an environment for `status`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from weco_deploy.model.deployment import Deployment
from weco_deploy.model.environment import EnvironmentRecord
from weco_deploy.model.expected import Expected
from weco_deploy.model.image import Manifest
from weco_deploy.model.service import ServiceView


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was observed of an environment.

    Args:
        record: the environment's record.
        history: its latest deployments, the newest first.
        tagged: the manifests that its tags point at, by image id, without images that lack the tag.
        recorded: the manifests of the recorded digests that ECR has, by image id.
        used: what containers that use an image look like, by image id; without digests.
        services: the services by service id, with their running and stopped tasks, and the images that ECS resolved where
            the tasks don't tell enough.
        notes: remarks on how all this was observed.

    """

    record: EnvironmentRecord
    history: tuple[Deployment, ...]
    tagged: Mapping[str, Manifest]
    recorded: Mapping[str, Manifest]
    used: Mapping[str, Expected]
    services: Mapping[str, tuple[ServiceView, ...]]
    notes: tuple[str, ...] = ()
