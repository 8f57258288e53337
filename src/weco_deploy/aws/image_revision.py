"""Reads the commit that an image names itself, as builders write it: `org.opencontainers.image.revision`.

The manifest or index may have it as an annotation, and the image's config as a label. ECR answers manifests, and for a
config a URL to download it from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from weco_deploy.aws import api
from weco_deploy.aws.error_translation import translate_errors
from weco_deploy.errors import AwsError
from weco_deploy.model.image import MEDIA_TYPES

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

Content: TypeAlias = Mapping[str, object]

REVISION = "org.opencontainers.image.revision"
DOWNLOAD_SECONDS = 10
_OK = 200


def revision_in(client: ECRClient, repository: str, digest: str) -> str | None:
    """The commit in the annotation or label of an image; None if it has none, or is gone.

    An index counts by its own annotation, otherwise by its first image.
    """
    manifest = _manifest(client, repository, digest)
    if found := _text_at(manifest, "annotations"):
        return found
    image = _first_image(manifest)
    if image is not None:
        manifest = _manifest(client, repository, image)
        if found := _text_at(manifest, "annotations"):
            return found
    config = manifest.get("config")
    config_digest = config.get("digest") if isinstance(config, dict) else None
    if not isinstance(config_digest, str):
        return None
    described = _config(client, repository, config_digest).get("config")
    return _text_at(described, "Labels") if isinstance(described, dict) else None


def _text_at(content: Content, key: str) -> str | None:
    texts = content.get(key)
    found = texts.get(REVISION) if isinstance(texts, dict) else None
    return found if isinstance(found, str) else None


def _first_image(index: Content) -> str | None:
    """The digest of the first image that an index names. Attestations have the platform `unknown`."""
    children = index.get("manifests")
    for child in children if isinstance(children, list) else ():
        platform = child.get("platform")
        if not isinstance(platform, dict) or platform.get("os") != "unknown":
            return str(child["digest"])
    return None


def _manifest(client: ECRClient, repository: str, digest: str) -> Content:
    with translate_errors(api.BATCH_GET_IMAGE):
        answer = client.batch_get_image(
            repositoryName=repository,
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=list(MEDIA_TYPES),
        )
        images = answer["images"]
        return _json_object(images[0]["imageManifest"]) if images else {}


def _config(client: ECRClient, repository: str, digest: str) -> Content:
    with translate_errors(api.GET_DOWNLOAD_URL_FOR_LAYER):
        answer = client.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)
        return _json_object(_download(answer["downloadUrl"], digest))


def _download(url: str, digest: str) -> bytes:
    """The URL contains a signature, so it appears in no message."""
    session = URLLib3Session(proxies=get_environ_proxies(url), timeout=DOWNLOAD_SECONDS)
    response = session.send(AWSRequest(method="GET", url=url).prepare())
    if response.status_code != _OK:
        raise AwsError(
            api.GET_DOWNLOAD_URL_FOR_LAYER.name, f"downloading {digest} failed: HTTP {response.status_code}"
        )
    return response.content


def _json_object(text: str | bytes) -> Content:
    content = json.loads(text)
    return content if isinstance(content, dict) else {}
