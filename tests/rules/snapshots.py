"""Releases, images in ECR, and snapshots of the environment stage in a few words, for tests of the pure rules.

snapshot(images={"search": in_ecr(NEW, tagged=OLD)}, services={"search-api": up(OLD)})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.rules.states import NEW, OLD, OURS, REGISTRY, key, made_at
from weco_deploy.model.direction import Direction, ImageDirection
from weco_deploy.model.environment import AppliedImage, EnvironmentRecord, KnownService
from weco_deploy.model.image import ImageView, Manifest, Repository
from weco_deploy.model.plan import Snapshot
from weco_deploy.model.project import Environment, Image, Project
from weco_deploy.model.release import ImageVersion, Release
from weco_deploy.model.service import (
    DefinedContainer,
    ResolvedImage,
    ServiceView,
)

AHEAD = ImageDirection(direction=Direction.AHEAD, commits=1)


def project(**images: Sequence[str]) -> Project:
    """A project with these service ids, by image id."""
    return Project(
        id="catalogue_api",
        name="Catalogue API",
        release_table="wellcome-releases-catalogue_api",
        environments=(Environment(id="stage", name="Staging"), Environment(id="prod", name="Production")),
        images=tuple(
            Image(id=image_id, repository=f"uk.ac.wellcome/{image_id}", services=tuple(services))
            for image_id, services in images.items()
        ),
    )


def release(*, release_id: str = "rel-2", made: float = 0, **images: str | None) -> Release:
    """A release of these digests, by image id; None for an image without the label."""
    return Release(
        release_id=release_id,
        project_id="catalogue_api",
        project_name="Catalogue API",
        date_created=made_at(made),
        requested_by="ada",
        description="",
        images={
            image_id: None
            if image_digest is None
            else ImageVersion(ref=f"ref.{image_id}", refs=(f"ref.{image_id}",), digest=image_digest)
            for image_id, image_digest in images.items()
        },
    )


def in_ecr(image_digest: str = NEW, *, tagged: str | None = OLD, children: Sequence[str] = ()) -> ImageView:
    """An image that ECR has, and where its environment tag points."""
    return ImageView(
        manifest=Manifest(
            digest=image_digest,
            media_type="application/vnd.oci.image.manifest.v1+json",
            body="{}",
            children=tuple(children),
        ),
        tagged=tagged,
    )


def repository(image_id: str, mutability: str = "MUTABLE", exclusions: Sequence[str] = ()) -> Repository:
    name = f"uk.ac.wellcome/{image_id}"
    return Repository(
        name=name, uri=f"{REGISTRY}/{name}", mutability=mutability, exclusions=tuple(exclusions)
    )


def snapshot(
    *,
    images: Mapping[str, ImageView],
    services: Mapping[str, ServiceView | Sequence[ServiceView]],
    repositories: Mapping[str, Repository | None] | None = None,
    defined: Mapping[str, Sequence[str]] | None = None,
    resolved: Mapping[str, Sequence[ResolvedImage]] | None = None,
    known: Sequence[KnownService] = (),
    applied: Mapping[str, AppliedImage] | None = None,
    current: Release | None = None,
    notes: Sequence[str] = (),
    fence: int = 7,
) -> Snapshot:
    """What was observed of stage: all images move forward. `defined` and `resolved` are by ECS service name."""
    return Snapshot(
        record=EnvironmentRecord(
            environment="stage",
            fence=fence,
            images=applied or {},
            services={service.service_id: service for service in known},
        ),
        images=images,
        repositories={**{image_id: repository(image_id) for image_id in images}, **(repositories or {})},
        services={
            service_id: (found,) if isinstance(found, ServiceView) else tuple(found)
            for service_id, found in services.items()
        },
        defined={
            key(name): tuple(DefinedContainer(f"c{place}", image) for place, image in enumerate(images_of))
            for name, images_of in (defined or {}).items()
        },
        resolved={key(name): tuple(containers) for name, containers in (resolved or {}).items()},
        current=current,
        notes=tuple(notes),
        directions=dict.fromkeys(images, AHEAD),
    )


def noted(
    service_id: str = "search-api", *, ecs_deployment_id: str | None = OURS, **digests: str
) -> KnownService:
    """Our record of a service: its last deployment, and the deployed digests by image id."""
    return KnownService(
        service_id=service_id,
        key=key(service_id),
        ecs_deployment_id=ecs_deployment_id,
        digests=digests or {"search": NEW},
    )
