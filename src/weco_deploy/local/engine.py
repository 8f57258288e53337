"""The Docker Engine, through the `docker` package: an extra, so imported only when it is needed.

The registry's password goes into a header of one request to the engine: on no command line, in no file.
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

ANSWERS_WITHIN = 300
"""Seconds that the engine may be silent for: it waits for the registry, too."""

_FAULTS = (DockerException, urllib3.exceptions.HTTPError, OSError, ValueError)
"""What the package raises: its stream of progress is read past its own translation of errors."""
_BAD_SETTINGS = (AttributeError, TypeError, ValueError)
"""What the package raises of an address, or a file of settings, that holds something else than it expects."""
_PUSHED = re.compile(r"\S+: digest: (sha256:[0-9a-f]{64}) size: \d+")
"""How every engine tells what it pushed; not all of them say it in `aux`, too."""
_CHECK_ENGINE = "is it running, and is DOCKER_HOST right? `docker version` asks it, too"
_PERMISSIONS = (
    "pushing needs ecr:GetAuthorizationToken, and on the repository ecr:BatchCheckLayerAvailability, "
    "ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload and ecr:PutImage"
)
_DENIALS = ("denied", "no basic auth credentials", "not authorized", "403 forbidden", "401 unauthorized")


def docker_engine() -> DockerEngine:
    """The engine that DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH name, else the local one."""
    with _told("the Docker Engine can't be reached"):
        try:
            client = docker.from_env(timeout=ANSWERS_WITHIN, version="auto")
        except _BAD_SETTINGS as error:
            raise DockerError(
                f"the settings for the Docker Engine are not understood: {error}",
                "look at DOCKER_HOST, and at config.json in DOCKER_CONFIG or ~/.docker",
            ) from error
    return DockerEngine(client.api)


class DockerEngine:
    """`ports.ImageEngine`.

    Args:
        client: a `docker.APIClient`, which ships no types.

    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, name: str) -> LocalImage | None:
        with _told("the Docker Engine can't be asked for its images"):
            try:
                seen = self._client.inspect_image(name)
            except ImageNotFound:
                return None
            return _local_image(name, seen, self._present(seen))

    def push(
        self,
        image: LocalImage,
        repository: str,
        tag: str,
        login: RegistryLogin,
        tell: Callable[[LayerState], None],
    ) -> str:
        with self._also_named(image, repository, tag), _told(f"{image.name} could not be pushed", login):
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
            for line in lines:  # to the end, whatever it says: the connection is free only then
                refusal = refusal or _refusal(line)
                digest = _pushed(line) or digest
                if "id" in line:
                    tell(_layer_state(line))
        if refusal:
            raise _refused(_without(login, f"the registry refused {repository}:{tag}: {refusal}"))
        if not digest:
            raise DockerError(
                f"the Docker Engine pushed {image.name} to {repository}:{tag}, but did not say its digest",
                "run the same command again",
            )
        return digest

    def _present(self, seen: Mapping[str, Any]) -> tuple[str, ...]:
        """The image manifests that are there, of an index that is not all there.

        An engine with the containerd image store knows an image for several architectures by its index, and
        pushes the one manifest it has instead if the others were never pulled or built. (The Engine API since
        1.48: `manifests` of an image's inspection. The package does not ask for it.)
        """
        described = seen.get("Descriptor") or {}
        if described.get("mediaType") not in INDEXES:
            return ()
        url = f"{self._client.base_url}/v{self._client.api_version}/images/{seen['Id']}/json"
        answer = self._client.get(url, params={"manifests": "1"}, timeout=ANSWERS_WITHIN)
        answer.raise_for_status()
        images = [each for each in answer.json().get("Manifests") or () if each.get("Kind") == "image"]
        if all(each.get("Available") for each in images):
            return ()
        return tuple(each["ID"] for each in images if each.get("Available"))

    @contextmanager
    def _also_named(self, image: LocalImage, repository: str, tag: str) -> Iterator[None]:
        """The engine pushes an image by its name: give it the registry's, and take that away again."""
        name = f"{repository}:{tag}"
        before = self.find(name)
        with _told(f"{image.name} could not be named {name}"):
            self._client.tag(image.id, repository, tag)
        try:
            yield
        finally:
            with _told(f"the name {name} could not be put back"):
                if before is None:
                    self._client.remove_image(name, noprune=True)
                elif before.id != image.id:
                    self._client.tag(before.id, repository, tag)


def _local_image(name: str, seen: Mapping[str, Any], present: tuple[str, ...]) -> LocalImage:
    # Engines with the containerd image store tell what the registry will call the image.
    described = (seen.get("Descriptor") or {}).get("digest")
    known = [each.partition("@")[2] for each in seen.get("RepoDigests") or ()]
    return LocalImage(
        name=name,
        id=seen["Id"],
        digests=tuple(dict.fromkeys([*known, *([described] if described else []), *present])),
    )


def _layer_state(line: Mapping[str, Any]) -> LayerState:
    progress = line.get("progressDetail") or {}
    return LayerState(
        layer=line["id"],
        status=line.get("status", ""),
        sent=progress.get("current"),
        size=progress.get("total"),
    )


def _pushed(line: Mapping[str, Any]) -> str | None:
    """The digest that was pushed, if the line tells one."""
    told = _PUSHED.fullmatch(line.get("status") or "")
    return told[1] if told else None


def _refusal(line: Mapping[str, Any]) -> str:
    """The engine tells of a failed push in the middle of an answer that began as 200."""
    return (line.get("errorDetail") or {}).get("message") or line.get("error") or ""


def _refused(message: str) -> AccessDenied | DockerError:
    if any(each in message.lower() for each in _DENIALS):
        return AccessDenied("", message, _PERMISSIONS)
    return DockerError(message, "run the same command again: layers that arrived are not sent again")


@contextmanager
def _told(what: str, login: RegistryLogin | None = None) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise DockerError(_without(login, f"{what}: {error}"), _CHECK_ENGINE) from error


def _without(login: RegistryLogin | None, message: str) -> str:
    return message.replace(login.password, "…") if login and login.password else message
