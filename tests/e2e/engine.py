"""The container engine as the tests use it: they build and push images like a pipeline, and see what really runs."""

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
"""Where Debian's busybox-static puts it: it needs no libraries, so that an image is this one file."""

CLUSTER_LABEL = "com.amazonaws.ecs.cluster"
FAMILY_LABEL = "com.amazonaws.ecs.task-definition-family"
CONTAINER_LABEL = "com.amazonaws.ecs.container-name"

WORKS = "echo ready; trap 'exit 0' TERM; /bin/busybox sleep 3600 & wait $!"
CRASHES = (
    "echo 'connecting to the catalogue'; echo 'fatal: catalogue.internal: connection refused' >&2; exit 7"
)
"""At once: where two tasks are up together for a moment, the emulator calls the rollout complete."""
CRASH_CODE, CRASH_LINE = 7, "fatal: catalogue.internal: connection refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImage:
    """An image in the engine. `id` is the digest of its config, and so the same before and after a registry."""

    commit: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a container is: the family of its task definition, and its name in that."""

    family: str
    container: str


class Engine:
    """A Docker Engine, our own or somebody else's; what these tests put there is marked, and taken away."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._client = docker.DockerClient(base_url=host, timeout=300)
        self._names: list[str] = []

    def close(self) -> None:
        """Take away the images that were made here; containers are their owner's to end."""
        for name in self._names:
            with suppress(ImageNotFound):
                self._client.images.remove(name, force=True)
        self._client.close()

    def answers(self) -> bool:
        answered: bool = self._client.ping()
        return answered

    def reaches(self, registry: str) -> bool:
        """Whether it can speak to a registry on our loopback: an engine in another machine can't."""
        try:
            self._client.images.get_registry_data(f"{registry}/no-such-repository")
        except NotFound:
            return True
        except docker.errors.APIError as error:
            return "no-such-repository" in str(error) and "refused" not in str(error)
        return True

    def build(self, name: str, script: str, *, ballast: int = 0) -> LocalImage:
        """An image tagged `<name>:<commit>`, with a new commit. It runs the shell script.

        `ballast`: bytes of a file that it carries, so that pulling and starting it takes time.
        """
        commit = secrets.token_hex(20)
        image, _ = self._client.images.build(
            fileobj=_context(script, commit, ballast), custom_context=True, tag=f"{name}:{commit}", rm=True
        )
        self._names.append(f"{name}:{commit}")
        return LocalImage(commit=commit, id=image.id, name=f"{name}:{commit}")

    def push(self, image: LocalImage, repository: str, *tags: str) -> str:
        """Push it by hand as each tag; answers the digest."""
        pushed = ""
        for tag in tags:
            self._client.images.get(image.name).tag(repository, tag=tag)
            self._names.append(f"{repository}:{tag}")
            for line in self._client.images.push(repository, tag=tag, stream=True, decode=True):
                assert "error" not in line, line["error"]
                pushed = line.get("aux", {}).get("Digest", pushed)
        assert pushed
        return pushed

    def forget(self, image: LocalImage) -> None:
        """Remove it here, with all its names: who runs it has to pull it."""
        for name in [*self._client.images.get(image.id).tags, image.id]:
            with suppress(ImageNotFound):
                self._client.images.remove(name, force=True)

    def names_of(self, image: LocalImage) -> set[str]:
        return set(self._client.images.get(image.id).tags)

    def forget_name(self, name: str) -> None:
        """Take a name away; an image that runs stays. The emulator runs what has the name if it can't pull."""
        self._client.images.remove(name, force=True)

    def running(self, cluster_arn: str) -> dict[Place, Counter[str]]:
        """Where containers of the cluster run, and how many of which image id."""
        found: dict[Place, Counter[str]] = {}
        for container in self._containers(cluster_arn, status="running"):
            place = Place(container.labels[FAMILY_LABEL], container.labels[CONTAINER_LABEL])
            found.setdefault(place, Counter())[container.attrs["Image"]] += 1
        return found

    def containers(self, cluster_arn: str, family: str) -> set[str]:
        """The ids of the containers of a task definition that run: a redeployed service has others."""
        running = self._containers(cluster_arn, status="running")
        return {container.id for container in running if container.labels[FAMILY_LABEL] == family}

    def started(self, cluster_arn: str, image: LocalImage) -> datetime:
        """When the first container of the image started."""
        ours = [one for one in self._containers(cluster_arn) if one.attrs["Image"] == image.id]
        return min(datetime.fromisoformat(one.attrs["State"]["StartedAt"]) for one in ours)

    def remove_containers(self, cluster_arn: str) -> None:
        for container in self._containers(cluster_arn):
            with suppress(NotFound):
                container.remove(force=True, v=True)

    def _containers(self, cluster_arn: str, **filters: str) -> Iterator[Any]:
        """Any: docker's package has no types."""
        wanted = {"label": f"{CLUSTER_LABEL}={cluster_arn}", **filters}
        yield from self._client.containers.list(all=True, filters=wanted, ignore_removed=True)


def busybox() -> Path | None:
    """A static busybox, if this machine has one."""
    return next((path for path in BUSYBOX if path.exists() and _is_static(path)), None)


def _is_static(program: Path) -> bool:
    return b"/ld-linux" not in program.read_bytes()[:4096]


def _context(script: str, commit: str, ballast: int) -> io.BytesIO:
    """What `docker build` is given, as a tar archive."""
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
