"""Uploads images to ECR: `ports.ImageUploads`.

It uses ECR's own API with the caller's AWS credentials: InitiateLayerUpload, UploadLayerPart in order and
CompleteLayerUpload for each blob, then PutImage for each manifest. Sizes and errors are those of botocore's ECR model.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from weco_deploy.aws import api
from weco_deploy.aws.api import ApiCall
from weco_deploy.aws.ecr import no_repository
from weco_deploy.aws.error_translation import code_behind, translate_errors
from weco_deploy.aws.loopback import is_loopback
from weco_deploy.aws.session import Account
from weco_deploy.errors import AwsError
from weco_deploy.model.image import Manifest
from weco_deploy.model.publication import Part, RegistryLogin, Upload

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

LEAST_PART = 5 * 1024 * 1024
"""ECR refuses smaller parts (LayerPartTooSmallException), except the last part of a layer."""
LARGEST_PART = 20 * 1024 * 1024
"""The largest `layerPartBlob` that the API accepts."""


class EcrUploads:
    """`ports.ImageUploads` for the private registry of an account and region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def login(self) -> RegistryLogin:
        with translate_errors(api.GET_AUTHORIZATION_TOKEN):
            (authorization,) = self._client.get_authorization_token()["authorizationData"]
            username, _, password = (
                base64.b64decode(authorization["authorizationToken"]).decode().partition(":")
            )
            host = urlsplit(authorization["proxyEndpoint"]).netloc
        return RegistryLogin(host=self._emulated_host() or host, username=username, password=password)

    def absent(self, repository: str, digests: Sequence[str]) -> frozenset[str]:
        with self._translate_errors(api.BATCH_CHECK_LAYER_AVAILABILITY, repository):
            answer = self._client.batch_check_layer_availability(
                repositoryName=repository, layerDigests=list(digests)
            )
            available = {
                layer["layerDigest"]
                for layer in answer["layers"]
                if layer["layerAvailability"] == "AVAILABLE"
            }
        return frozenset(digests) - available

    def begin(self, repository: str) -> Upload:
        with self._translate_errors(api.INITIATE_LAYER_UPLOAD, repository):
            answer = self._client.initiate_layer_upload(repositoryName=repository)
            part_size = min(max(answer["partSize"], LEAST_PART), LARGEST_PART)
            return Upload(id=answer["uploadId"], part_size=part_size)

    def send(self, repository: str, upload: Upload, part: Part, content: bytes) -> None:
        last_byte = part.first + part.length - 1
        try:
            with self._translate_errors(api.UPLOAD_LAYER_PART, repository):
                self._account.ecr_for_uploads().upload_layer_part(
                    repositoryName=repository,
                    uploadId=upload.id,
                    partFirstByte=part.first,
                    partLastByte=last_byte,
                    layerPartBlob=content,
                )
        except AwsError as error:
            # ECR already has the part: it received an earlier attempt, and the answer was lost.
            if code_behind(error) != "InvalidLayerPartException" or _last_byte_received(error) != last_byte:
                raise

    def complete(self, repository: str, upload: Upload, digest: str) -> None:
        try:
            with self._translate_errors(api.COMPLETE_LAYER_UPLOAD, repository):
                self._client.complete_layer_upload(
                    repositoryName=repository, uploadId=upload.id, layerDigests=[digest]
                )
        except AwsError as error:
            if code_behind(error) != "LayerAlreadyExistsException":
                raise

    def put(self, repository: str, manifest: Manifest) -> None:
        try:
            with self._translate_errors(api.PUT_IMAGE, repository):
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
    def _translate_errors(self, call: ApiCall, repository: str) -> Iterator[None]:
        """Like `translate_errors`, but raise NotFound if the repository doesn't exist."""
        try:
            with translate_errors(call):
                yield
        except AwsError as error:
            if code_behind(error) == "RepositoryNotFoundException":
                raise no_repository(repository, self._account) from error
            raise

    def _emulated_host(self) -> str | None:
        """The host of an emulator's registry; None if no emulator is used.

        An emulator's GetAuthorizationToken names AWS's own host. But an emulator on this machine serves the registry
        protocol at the API's address, and the Docker Engine accepts loopback addresses without TLS. Any other
        endpoint, such as a VPC's, serves only the API.
        """
        endpoint = urlsplit(self._client.meta.endpoint_url)
        return endpoint.netloc if is_loopback(endpoint.hostname or "") else None

    @property
    def _client(self) -> ECRClient:
        return self._account.client("ecr")


def _last_byte_received(error: AwsError) -> int | None:
    """The last byte of the upload that ECR has received, which its refusal of a part names."""
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return None
    last_byte = dict(cause.response).get("lastValidByteReceived")
    return last_byte if isinstance(last_byte, int) else None
