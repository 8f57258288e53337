"""The Docker Engine, through the `docker` package, which is an optional dependency: `connect` imports this when needed.

The registry's password is only in a header of a request to the engine, never on a command line or in a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import urllib3.exceptions
from docker.errors import DockerException, ImageNotFound

from weco_deploy.errors import AccessDenied, DockerError
from weco_deploy.model.image import INDEXES
from weco_deploy.model.publication import LayerState, LocalImage, RegistryLogin

TIMEOUT_SECONDS = 300
"""How long the engine may be silent, for example while it waits for the registry."""

_ENGINE_ERRORS = (DockerException, urllib3.exceptions.HTTPError, OSError, ValueError)
"""The errors that the package raises. It does not translate errors of reading its progress stream."""
_SETTINGS_ERRORS = (AttributeError, TypeError, ValueError)
"""The errors that the package raises for an invalid DOCKER_HOST or config.json."""
_PUSHED_STATUS = re.compile(r"\S+: digest: (sha256:[0-9a-f]{64}) size: \d+")
"""The status in which all engines report the pushed digest. Only some also report it in `aux`."""
_CHECK_ENGINE = "is it running, and is DOCKER_HOST right? `docker version` asks it, too"
_PERMISSIONS = (
    "pushing needs ecr:GetAuthorizationToken, and on the repository ecr:BatchCheckLayerAvailability, "
    "ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and ecr:PutImage"
)
_DENIALS = ("denied", "no basic auth credentials", "not authorized", "403 forbidden", "401 unauthorized")


def docker_engine() -> DockerEngine:
    """The engine that DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH name, by default the local engine."""
    with _translate_errors("the Docker Engine can't be reached"):
        try:
            client = docker.from_env(timeout=TIMEOUT_SECONDS, version="auto")
        except _SETTINGS_ERRORS as error:
            raise DockerError(
                f"the settings for the Docker Engine are not understood: {error}",
                "look at DOCKER_HOST, and at config.json in DOCKER_CONFIG or ~/.docker",
            ) from error
    return DockerEngine(client.api)


class DockerEngine:
    """Implements `ports.ImageEngine`.

    Args:
        client: a `docker.APIClient`; the package has no type annotations.

    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, name: str) -> LocalImage | None:
        with _translate_errors("the Docker Engine can't be asked for its images"):
            try:
                inspected = self._client.inspect_image(name)
            except ImageNotFound:
                return None
            return _local_image(name, inspected, self._present(inspected))

    def push(
        self,
        image: LocalImage,
        repository: str,
        tag: str,
        login: RegistryLogin,
        tell: Callable[[LayerState], None],
    ) -> str:
        with (
            self._also_named(image, repository, tag),
            _translate_errors(f"{image.name} could not be pushed", login),
        ):
            lines = self._client.push(
                repository,
                tag=tag,
                stream=True,
                decode=True,
                auth_config={
                    "username": login.username,
                    "password": login.password,
                    "serveraddress": login.host,
                },
            )
            digest, refusal = "", ""
            for line in lines:  # reads to the end even after a refusal, to free the connection
                refusal = refusal or _refusal(line)
                digest = _pushed_digest(line) or digest
                if "id" in line:
                    tell(_layer_state(line))
        if refusal:
            raise _refusal_error(
                _without_password(login, f"the registry refused {repository}:{tag}: {refusal}")
            )
        if not digest:
            raise DockerError(
                f"the Docker Engine pushed {image.name} to {repository}:{tag}, but did not say its digest",
                "run the same command again",
            )
        return digest

    def _present(self, inspected: Mapping[str, Any]) -> tuple[str, ...]:
        """The digests of the manifests that the engine has, if it lacks other manifests of the image's index.

        For an engine with the containerd image store, the id of an image for several architectures is the digest of its
        index. If the engine has only one of the manifests, because the others were never pulled or built, it pushes that
        manifest instead of the index. (The query parameter `manifests`, of API 1.48 or later, requests them. The package
        doesn't support it.)
        """
        descriptor = inspected.get("Descriptor") or {}
        if descriptor.get("mediaType") not in INDEXES:
            return ()
        url = f"{self._client.base_url}/v{self._client.api_version}/images/{inspected['Id']}/json"
        answer = self._client.get(url, params={"manifests": "1"}, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        manifests = answer.json().get("Manifests") or ()
        images = [manifest for manifest in manifests if manifest.get("Kind") == "image"]
        if all(image.get("Available") for image in images):
            return ()
        return tuple(image["ID"] for image in images if image.get("Available"))

    @contextmanager
    def _also_named(self, image: LocalImage, repository: str, tag: str) -> Iterator[None]:
        """Give the image the name under which the engine pushes it, and restore the names afterwards."""
        name = f"{repository}:{tag}"
        before = self.find(name)
        with _translate_errors(f"{image.name} could not be named {name}"):
            self._client.tag(image.id, repository, tag)
        try:
            yield
        finally:
            with _translate_errors(f"the name {name} could not be put back"):
                if before is None:
                    self._client.remove_image(name, noprune=True)
                elif before.id != image.id:
                    self._client.tag(before.id, repository, tag)


def _local_image(name: str, inspected: Mapping[str, Any], present: tuple[str, ...]) -> LocalImage:
    # Engines with the containerd image store report the digest that the registry will use.
    descriptor_digest = (inspected.get("Descriptor") or {}).get("digest")
    repository_digests = [reference.partition("@")[2] for reference in inspected.get("RepoDigests") or ()]
    digests = [*repository_digests, *([descriptor_digest] if descriptor_digest else []), *present]
    return LocalImage(name=name, id=inspected["Id"], digests=tuple(dict.fromkeys(digests)))


def _layer_state(line: Mapping[str, Any]) -> LayerState:
    progress = line.get("progressDetail") or {}
    return LayerState(
        layer=line["id"],
        status=line.get("status", ""),
        sent=progress.get("current"),
        size=progress.get("total"),
    )


def _pushed_digest(line: Mapping[str, Any]) -> str | None:
    """The pushed digest if the line reports it."""
    status = _PUSHED_STATUS.fullmatch(line.get("status") or "")
    return status[1] if status else None


def _refusal(line: Mapping[str, Any]) -> str:
    """The error in a line. A response that reports a failed push has status 200."""
    return (line.get("errorDetail") or {}).get("message") or line.get("error") or ""


def _refusal_error(message: str) -> AccessDenied | DockerError:
    if any(denial in message.lower() for denial in _DENIALS):
        return AccessDenied("", message, _PERMISSIONS)
    return DockerError(message, "run the same command again: layers that arrived are not sent again")


@contextmanager
def _translate_errors(failed: str, login: RegistryLogin | None = None) -> Iterator[None]:
    try:
        yield
    except _ENGINE_ERRORS as error:
        raise DockerError(_without_password(login, f"{failed}: {error}"), _CHECK_ENGINE) from error


def _without_password(login: RegistryLogin | None, message: str) -> str:
    return message.replace(login.password, "…") if login and login.password else message
