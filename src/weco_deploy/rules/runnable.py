"""Finds images that ECS can't run: archived ones, attestations of a build, and artifacts that are no container images.

ECR answers a pull of an archived image with 404, also while it is being restored. What buildx attests about an image is stored
beside it in the same form, as a manifest or as a part of the image's index.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from weco_deploy.model.image import INDEXES, MEDIA_TYPES, ImageView, Manifest

ARCHIVED, ACTIVATING = "ARCHIVED", "ACTIVATING"
IMAGE_CONFIGS = (
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.image.config.v1+json",
)
IN_TOTO = "application/vnd.in-toto+json"
ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json"
PUSH_AGAIN = "push the image again, and make a new release"


def why_not_runnable(repository: str, digest: str, view: ImageView) -> str:
    """Why ECS can't run an image, and what to do; empty if nothing speaks against it.

    Args:
        repository: the repository that has the image.
        digest: the image's.
        view: the image as it was observed.

    """
    if reason := why_not_pullable(repository, digest, view.status):
        return reason
    return why_no_image(view.manifest) if view.manifest else ""


def why_not_pullable(repository: str, digest: str, status: str) -> str:
    """Why an image with this `imageStatus` can't be pulled, and what to do; empty if it can."""
    if status == ARCHIVED:
        return (
            f"is archived in {repository}, so ECS can't pull it: restore it, which may take 20 minutes "
            f"(`aws ecr update-image-storage-class --repository-name {repository} --image-id imageDigest={digest} "
            "--target-storage-class STANDARD`), or push it again"
        )
    if status == ACTIVATING:
        return (
            f"is being restored from the archive of {repository}, so ECS can't pull it yet: run the same command again "
            "in some minutes"
        )
    return ""


def why_no_image(manifest: Manifest) -> str:
    """Why a manifest or index leads to no container image, and what to do; empty if it leads to one, or does not tell."""
    content: Mapping[str, Any] = json.loads(manifest.body)
    if manifest.media_type in INDEXES:
        if any(_may_run(child) for child in content.get("manifests", ())):
            return ""
        return f"is an index without any image that can run: {PUSH_AGAIN}"
    if _is_attestation(content):
        return f"is an attestation of a build, and no image: {PUSH_AGAIN}"
    config = content.get("config", {}).get("mediaType")
    if config is None or config in IMAGE_CONFIGS:
        return ""
    return f"is no container image, because its config is of the type {config}: {PUSH_AGAIN}"


def _may_run(child: Mapping[str, Any]) -> bool:
    """Whether a child of an index may be a container image, by what the index says of it."""
    if "vnd.docker.reference.type" in (child.get("annotations") or {}):
        return False
    if (child.get("platform") or {}).get("os") == "unknown":
        return False
    return child.get("artifactType") in (None, *IMAGE_CONFIGS) and child.get("mediaType") in (
        None,
        *MEDIA_TYPES,
    )


def _is_attestation(content: Mapping[str, Any]) -> bool:
    layers = content.get("layers") or ()
    of_layers = bool(layers) and all(layer.get("mediaType") == IN_TOTO for layer in layers)
    return content.get("artifactType") == ATTESTATION or of_layers
