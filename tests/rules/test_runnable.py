"""Images that ECS can't run, by their manifests and their status in ECR."""

from __future__ import annotations

import json
import re

import pytest

from weco_deploy.model.image import INDEXES, MANIFESTS, Manifest
from weco_deploy.rules.runnable import why_no_image, why_not_pullable

DOCKER_MANIFEST, OCI_MANIFEST = MANIFESTS
OCI_INDEX = INDEXES[1]
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DIGEST = "sha256:" + "1" * 64


def manifest(media_type: str, **content: object) -> Manifest:
    return Manifest(digest=DIGEST, media_type=media_type, body=json.dumps(content))


def image(config: str | None, *layers: str, **content: object) -> Manifest:
    config_part = {"digest": DIGEST} | ({"mediaType": config} if config else {})
    return manifest(
        OCI_MANIFEST, config=config_part, layers=[{"mediaType": layer} for layer in layers], **content
    )


def index(*children: dict[str, object]) -> Manifest:
    return manifest(OCI_INDEX, manifests=[{"mediaType": OCI_MANIFEST, **child} for child in children])


LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"
LINUX: dict[str, object] = {"platform": {"os": "linux", "architecture": "amd64"}}
BUILDX: dict[str, object] = {
    "platform": {"os": "unknown", "architecture": "unknown"},
    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
}


@pytest.mark.parametrize(
    "made",
    [
        image(OCI_CONFIG, LAYER),
        image(DOCKER_CONFIG, LAYER),
        image(OCI_CONFIG),
        image(OCI_CONFIG, LAYER, IN_TOTO),
        image(OCI_CONFIG, LAYER, artifactType="application/vnd.acme.service"),
        image(None, LAYER),
        index(LINUX, BUILDX),
        index({}),
        index({"platform": None, "annotations": None}),
        index({**LINUX, "mediaType": OCI_INDEX}),
    ],
    ids=[
        "OCI",
        "Docker",
        "no layers",
        "an attestation among its layers",
        "artifact type beside an image config",
        "type of config unknown",
        "index with an attestation",
        "index that names no platform",
        "index with empty fields",
        "index of indexes",
    ],
)
def test_container_image_can_run(made: Manifest) -> None:
    assert why_no_image(made) == ""


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (image(OCI_CONFIG, IN_TOTO, IN_TOTO), "is an attestation of a build"),
        (
            image(
                "application/vnd.oci.empty.v1+json",
                IN_TOTO,
                artifactType="application/vnd.docker.attestation.manifest.v1+json",
            ),
            "is an attestation of a build",
        ),
        (image("application/vnd.cncf.helm.config.v1+json", LAYER), "its config is of the type .*helm"),
        (index(), "is an index without any image"),
        (index(BUILDX, BUILDX), "is an index without any image"),
        (index({"platform": {"os": "unknown"}}), "is an index without any image"),
        (
            index({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}),
            "is an index without any image",
        ),
        (index({**LINUX, "artifactType": "application/spdx+json"}), "is an index without any image"),
        (index({**LINUX, "mediaType": "application/vnd.acme+json"}), "is an index without any image"),
    ],
)
def test_what_is_no_container_image_is_named_with_the_remedy(made: Manifest, why: str) -> None:
    reason = why_no_image(made)

    assert re.search(why, reason)
    assert reason.endswith("push the image again, and make a new release")


def test_archived_image_can_be_restored() -> None:
    reason = why_not_pullable("acme/app", DIGEST, "ARCHIVED")

    assert reason.startswith("is archived in acme/app, so ECS can't pull it")
    command = f"aws ecr update-image-storage-class --repository-name acme/app --image-id imageDigest={DIGEST}"
    assert f"{command} --target-storage-class STANDARD" in reason


def test_image_that_is_being_restored_can_be_waited_for() -> None:
    assert "is being restored" in why_not_pullable("acme/app", DIGEST, "ACTIVATING")


@pytest.mark.parametrize("status", ["ACTIVE", "SOMETHING_NEW"])
def test_status_that_keeps_nobody_from_pulling_is_no_reason(status: str) -> None:
    assert why_not_pullable("acme/app", DIGEST, status) == ""
