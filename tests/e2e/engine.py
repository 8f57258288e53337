"""Builds and pushes images with a container engine, like a pipeline, and reads which containers run."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import ImageNotFound, NotFound

BUSYBOX = (Path("/bin/busybox"), Path("/usr/bin/busybox"))
"""Where Debian's busybox-static is installed. It needs no libraries, so an image needs no other file."""

CLUSTER_LABEL = "com.amazonaws.ecs.cluster"
FAMILY_LABEL = "com.amazonaws.ecs.task-definition-family"
CONTAINER_LABEL = "com.amazonaws.ecs.container-name"

WORKS = "echo ready; trap 'exit 0' TERM; /bin/busybox sleep 3600 & wait $!"
CRASHES = (
    "echo 'connecting to the catalogue'; echo 'fatal: catalogue.internal: connection refused' >&2; exit 7"
)
"""Crashes at once: if two tasks run together for a moment, the emulator completes the rollout."""
CRASH_CODE, CRASH_LINE = 7, "fatal: catalogue.internal: connection refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image in the engine. `id` is the digest of its config, which a push and a pull don't change."""

    commit: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ContainerName:
    """The family of a container's task definition, and the container's name in it."""

    family: str
    container: str


class Engine:
    """A Docker Engine. `close` removes the images that the tests made."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._client = docker.DockerClient(base_url=host, timeout=300)
        self._names: list[str] = []

    def close(self) -> None:
        """Remove the images made here; containers are removed by `remove_containers`."""
        for name in self._names:
            with suppress(ImageNotFound):
                self._client.images.remove(name, force=True)
        self._client.close()

    def ping(self) -> None:
        """Raises DockerException if the engine does not answer."""
        self._client.ping()

    def reaches(self, registry: str) -> bool:
        """Whether the engine reaches a registry on this machine's loopback; on another machine it can't."""
        try:
            self._client.images.get_registry_data(f"{registry}/no-such-repository")
        except NotFound:
            return True
        except docker.errors.APIError as error:
            return "no-such-repository" in str(error) and "refused" not in str(error)
        return True

    def build(self, name: str, script: str, *, ballast: int = 0) -> LocalImage:
        """An image tagged `<name>:<commit>`, with a new commit, that runs the shell script.

        `ballast`: the size in bytes of an extra file, so that pulling and starting the image takes time.
        """
        commit = secrets.token_hex(20)
        image, _ = self._client.images.build(
            fileobj=_context(script, commit, ballast), custom_context=True, tag=f"{name}:{commit}", rm=True
        )
        self._names.append(f"{name}:{commit}")
        return LocalImage(commit=commit, id=image.id, name=f"{name}:{commit}")

    def push(self, image: LocalImage, repository: str, *tags: str) -> str:
        """Push the image with each tag; returns the digest."""
        digest = ""
        for tag in tags:
            self._client.images.get(image.name).tag(repository, tag=tag)
            self._names.append(f"{repository}:{tag}")
            for line in self._client.images.push(repository, tag=tag, stream=True, decode=True):
                assert "error" not in line, line["error"]
                digest = line.get("aux", {}).get("Digest", digest)
        assert digest
        return digest

    def remove(self, image: LocalImage) -> None:
        """Remove the image with all its names, so that it must be pulled to run."""
        for name in [*self._client.images.get(image.id).tags, image.id]:
            with suppress(ImageNotFound):
                self._client.images.remove(name, force=True)

    def names_of(self, image: LocalImage) -> set[str]:
        return set(self._client.images.get(image.id).tags)

    def remove_name(self, name: str) -> None:
        """Remove a name, but not a running image. If the emulator can't pull, it runs the local image with the name."""
        self._client.images.remove(name, force=True)

    def running(self, cluster_arn: str) -> dict[ContainerName, Counter[str]]:
        """The running containers of the cluster: how many of each image id."""
        running: dict[ContainerName, Counter[str]] = {}
        for container in self._containers(cluster_arn, status="running"):
            name = ContainerName(container.labels[FAMILY_LABEL], container.labels[CONTAINER_LABEL])
            running.setdefault(name, Counter())[container.attrs["Image"]] += 1
        return running

    def containers(self, cluster_arn: str, family: str) -> set[str]:
        """The ids of the running containers of a task definition, which change with each redeployment."""
        running = self._containers(cluster_arn, status="running")
        return {container.id for container in running if container.labels[FAMILY_LABEL] == family}

    def started(self, cluster_arn: str, image: LocalImage) -> datetime:
        """When the first container of the image started."""
        states = [
            container.attrs["State"]
            for container in self._containers(cluster_arn)
            if container.attrs["Image"] == image.id
        ]
        return min(datetime.fromisoformat(state["StartedAt"]) for state in states)

    def remove_containers(self, cluster_arn: str) -> None:
        for container in self._containers(cluster_arn):
            with suppress(NotFound):
                container.remove(force=True, v=True)

    def _containers(self, cluster_arn: str, **filters: str) -> Iterator[Any]:
        """The containers of the cluster; Any, because the docker package has no types."""
        all_filters = {"label": f"{CLUSTER_LABEL}={cluster_arn}", **filters}
        yield from self._client.containers.list(all=True, filters=all_filters, ignore_removed=True)


def busybox() -> Path | None:
    """A static busybox, None if this machine has none."""
    return next((path for path in BUSYBOX if path.exists() and _is_static(path)), None)


def _is_static(program: Path) -> bool:
    return b"/ld-linux" not in program.read_bytes()[:4096]


def _context(script: str, commit: str, ballast: int) -> io.BytesIO:
    """The context of `docker build`, as a tar archive."""
    entrypoint = json.dumps(["/bin/busybox", "sh", "-c", script])
    lines = [
        "FROM scratch",
        "COPY busybox /bin/busybox",
        *(["COPY ballast /ballast"] if ballast else []),
        "COPY commit /commit",
        f"LABEL org.opencontainers.image.revision={commit}",
        f"ENTRYPOINT {entrypoint}",
    ]
    program = busybox()
    assert program is not None
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        _add(archive, "Dockerfile", "\n".join(lines).encode())
        _add(archive, "busybox", program.read_bytes(), mode=0o755)
        _add(archive, "commit", commit.encode())
        if ballast:
            _add(archive, "ballast", bytes(ballast))
    stream.seek(0)
    return stream


def _add(archive: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
