"""Bringing images into ECR: `ports.ImageUploads`.

Blobs go through ECR's own API, with the caller's AWS credentials: InitiateLayerUpload, UploadLayerPart in order,
CompleteLayerUpload, then PutImage for each manifest. (Sizes and errors: botocore's model of ECR.)
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from weco_deploy.aws.ecr import no_repository
from weco_deploy.aws.error_translation import code_behind, told
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.image import Manifest
from weco_deploy.model.publication import Part, RegistryLogin, Upload

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

LEAST_PART = 5 * 1024 * 1024
"""ECR refuses shorter parts (LayerPartTooSmallException), but for the last one."""
LARGEST_PART = 20 * 1024 * 1024
"""The longest `layerPartBlob` that the API takes."""


class EcrUploads:
    """Into the private registry of an account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def login(self) -> RegistryLogin:
        with told("ecr", "GetAuthorizationToken"):
            (answered,) = self._client.get_authorization_token()["authorizationData"]
            username, _, password = base64.b64decode(answered["authorizationToken"]).decode().partition(":")
            host = urlsplit(answered["proxyEndpoint"]).netloc
        return RegistryLogin(host=self._emulated_host() or host, username=username, password=password)

    def absent(self, repository: str, digests: Sequence[str]) -> frozenset[str]:
        with self._asking("BatchCheckLayerAvailability", repository):
            answer = self._client.batch_check_layer_availability(
                repositoryName=repository, layerDigests=list(digests)
            )
            there = {
                layer["layerDigest"]
                for layer in answer["layers"]
                if layer["layerAvailability"] == "AVAILABLE"
            }
        return frozenset(digests) - there

    def begin(self, repository: str) -> Upload:
        with self._asking("InitiateLayerUpload", repository):
            answer = self._client.initiate_layer_upload(repositoryName=repository)
            expected = answer["partSize"]
            return Upload(id=answer["uploadId"], part_size=min(max(expected, LEAST_PART), LARGEST_PART))

    def send(self, repository: str, upload: Upload, part: Part, content: bytes) -> None:
        last = part.first + part.length - 1
        try:
            with self._asking("UploadLayerPart", repository):
                self._account.ecr_for_uploads().upload_layer_part(
                    repositoryName=repository,
                    uploadId=upload.id,
                    partFirstByte=part.first,
                    partLastByte=last,
                    layerPartBlob=content,
                )
        except AwsError as error:
            # The answer to an attempt before this one got lost: the part itself did not.
            if code_behind(error) != "InvalidLayerPartException" or _received(error) != last:
                raise

    def complete(self, repository: str, upload: Upload, digest: str) -> None:
        try:
            with self._asking("CompleteLayerUpload", repository):
                self._client.complete_layer_upload(
                    repositoryName=repository, uploadId=upload.id, layerDigests=[digest]
                )
        except AwsError as error:
            if code_behind(error) != "LayerAlreadyExistsException":
                raise

    def put(self, repository: str, manifest: Manifest) -> None:
        try:
            with self._asking("PutImage", repository):
                self._client.put_image(
                    repositoryName=repository,
                    imageManifest=manifest.body,
                    imageManifestMediaType=manifest.media_type,
                    imageDigest=manifest.digest,
                )
        except AwsError as error:
            if code_behind(error) != "ImageAlreadyExistsException":
                raise

    @contextmanager
    def _asking(self, operation: str, repository: str) -> Iterator[None]:
        try:
            with told("ecr", operation):
                yield
        except AwsError as error:
            if code_behind(error) == "RepositoryNotFoundException":
                raise no_repository(repository, self._account) from error
            raise

    def _emulated_host(self) -> str | None:
        """Where an emulator's registry is.

        GetAuthorizationToken names AWS's own host, there too, but what listens on this machine for the API
        listens there for the registry protocol, and the Docker Engine takes loopback without TLS. An
        endpoint elsewhere, such as a VPC's, is one for the API alone.
        """
        endpoint = urlsplit(self._client.meta.endpoint_url)
        return endpoint.netloc if _is_loopback(endpoint.hostname or "") else None

    @property
    def _client(self) -> ECRClient:
        return self._account.client("ecr")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _received(error: AwsError) -> int | None:
    """The last byte of the upload that ECR has, as its refusal of a part says."""
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return None
    answered = dict(cause.response).get("lastValidByteReceived")
    return answered if isinstance(answered, int) else None
