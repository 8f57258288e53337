"""Which request of the Engine API means what.

Only what the emulator asks for: the engine's version, finding and pulling images, and the lives of
containers. Paths, fields and statuses are those of Docker's Engine API 1.44.
"""

from __future__ import annotations

import json
import re
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from urllib.parse import parse_qs, unquote, urlsplit

from weco_deploy.errors import SandboxError, UsageError
from weco_deploy.sandbox.behaviour import GOOD, LABEL, REVISION_LABEL, Behaviour, parse
from weco_deploy.sandbox.engine.containers import (
    KILLED,
    STOPPED_BY_TERM,
    Container,
    Containers,
    NameTaken,
    NoSuchContainer,
)
from weco_deploy.sandbox.registry import FoundImage, ImageName, Registry

API_VERSION = "1.44"
REFUSES_AFTER = 0.2
"""Seconds until a pull fails: without a circuit breaker the emulator tries again at once, for ever."""

_STREAM = "application/vnd.docker.multiplexed-stream"
_STDOUT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` without the API's version; `query` with the first value of each name."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, object]

    @classmethod
    def read(cls, method: str, target: str, body: bytes) -> Request:
        parts = urlsplit(target)
        return cls(
            method=method,
            path=unquote(re.sub(r"^/v\d+\.\d+(?=/)", "", parts.path)),
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            body=json.loads(body) if body else {},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`content` is sent as it comes, and the connection closed, if it is not bytes."""

    status: int = 200
    content: bytes | Iterable[bytes] = b""
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class _Found:
    name: ImageName | None
    image: FoundImage
    behaviour: Behaviour


class _NoSuchImage(Exception):
    """The image is not there, or says that it can't be pulled."""


@dataclass(slots=True)
class Engine:
    """The engine's answers."""

    registry: Registry
    containers: Containers = field(default_factory=Containers)
    _pause: Event = field(default_factory=Event)

    def answer(self, request: Request) -> Answer:
        for method, pattern, respond in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match is not None and method == request.method:
                try:
                    return respond(self, request, match[1] if match.re.groups else "")
                except NoSuchContainer as missing:
                    return _error(404, f"No such container: {missing}")
                except NameTaken as taken:
                    return _error(409, f"Conflict. The container name {taken} is already in use.")
                except _NoSuchImage as missing:
                    return _error(404, str(missing))
                except (SandboxError, UsageError) as error:
                    return _error(500, error.message)
        return _error(501, f"the simulated engine does not know {request.method} {request.path}")

    def ping(self, _: Request, __: str) -> Answer:
        return Answer(content=b"OK", media_type="text/plain")

    def version(self, _: Request, __: str) -> Answer:
        return _json(
            {"ApiVersion": API_VERSION, "MinAPIVersion": "1.24", "Version": "simulated", "Os": "linux"}
        )

    def distribution(self, _: Request, name: str) -> Answer:
        # The manifest of an image that can't be pulled is there: so its tag is resolved, and it is its tasks that fail.
        image = self._found(name).image
        return _json(
            {
                "Descriptor": {"mediaType": image.media_type, "digest": image.digest, "size": image.size},
                "Platforms": [{"architecture": "amd64", "os": "linux"}],
            }
        )

    def pull(self, request: Request, _: str) -> Answer:
        reference = request.query.get("tag", "latest")
        mark = "@" if reference.startswith("sha256:") else ":"
        image = self._pullable(f"{request.query.get('fromImage', '')}{mark}{reference}").image
        return _json({"status": f"Digest: {image.digest}"})

    def image(self, _: Request, name: str) -> Answer:
        found = self._here(name)
        repository = name.partition("@")[0]
        return _json(
            {
                "Id": found.image.digest,
                "RepoTags": [],
                "RepoDigests": [f"{repository}@{found.image.digest}"],
                "Config": {"Labels": dict(found.image.labels)},
            }
        )

    def tag(self, _: Request, __: str) -> Answer:
        return Answer(status=201)

    def create(self, request: Request, _: str) -> Answer:
        name = str(request.body.get("Image", ""))
        found = self._here(name)
        labels = request.body.get("Labels")
        container = self.containers.create(
            name=request.query.get("name", ""),
            image=name,
            shown_as=_shown_as(name, found),
            behaviour=found.behaviour,
            labels={str(k): str(v) for k, v in labels.items()} if isinstance(labels, dict) else {},
        )
        return _json({"Id": container.id, "Warnings": []}, status=201)

    def start(self, _: Request, key: str) -> Answer:
        self.containers.start(key)
        return Answer(status=204)

    def stop(self, _: Request, key: str) -> Answer:
        self.containers.stop(key, STOPPED_BY_TERM)
        return Answer(status=204)

    def kill(self, _: Request, key: str) -> Answer:
        self.containers.stop(key, KILLED)
        return Answer(status=204)

    def wait(self, _: Request, key: str) -> Answer:
        return _json({"StatusCode": self.containers.wait(key)})

    def remove(self, _: Request, key: str) -> Answer:
        self.containers.remove(key)
        return Answer(status=204)

    def inspect(self, _: Request, key: str) -> Answer:
        return _json(_inspected(self.containers.look(key)))

    def logs(self, request: Request, key: str) -> Answer:
        container = self.containers.at_once(key)
        if request.query.get("follow") == "1":
            return Answer(content=map(_framed, self.containers.follow(key)), media_type=_STREAM)
        lines = self.containers.printed(container)
        tail = request.query.get("tail", "all")
        shown = lines[max(0, len(lines) - int(tail)) :] if tail.isdecimal() else lines
        return Answer(content=b"".join(map(_framed, shown)), media_type=_STREAM)

    def list(self, request: Request, _: str) -> Answer:
        wanted = _label_filters(request.query.get("filters", "{}"))
        now = time.time()
        return _json(
            [
                {
                    "Id": container.id,
                    "Names": [f"/{container.name}"],
                    "Image": container.image,
                    "State": container.state(now),
                    "Labels": dict(container.labels),
                    "Created": int(container.created),
                }
                for container in self.containers.all()
                if (request.query.get("all") == "1" or container.state(now) == "running")
                and all(_has_label(container, label) for label in wanted)
            ]
        )

    def _here(self, name: str) -> _Found:
        """An image is here if it could be pulled: there is no cache, so that nothing old is run by mistake."""
        try:
            return self._pullable(name)
        except _NoSuchImage:
            raise _NoSuchImage(f"No such image: {name}") from None

    def _pullable(self, text: str) -> _Found:
        found = self._found(text)
        if not found.behaviour.pullable:
            self._pause.wait(REFUSES_AFTER)
            raise _NoSuchImage(f"pull access denied for {text}: the image says that it can't be pulled")
        return found

    def _found(self, text: str) -> _Found:
        name = ImageName.parse(text)
        found = None if name is None else self.registry.find(name)
        if found is None:
            self._pause.wait(REFUSES_AFTER)
            raise _NoSuchImage(f"manifest for {text} not found: manifest unknown")
        return _Found(name, found, parse(found.labels[LABEL]) if LABEL in found.labels else GOOD)


_ROUTES: tuple[tuple[str, re.Pattern[str], Callable[[Engine, Request, str], Answer]], ...] = tuple(
    (method, re.compile(pattern), respond)
    for method, pattern, respond in (
        ("GET", "/_ping", Engine.ping),
        ("HEAD", "/_ping", Engine.ping),
        ("GET", "/version", Engine.version),
        ("GET", "/distribution/(.+)/json", Engine.distribution),
        ("POST", "/images/create", Engine.pull),
        ("GET", "/images/(.+)/json", Engine.image),
        ("POST", "/images/(.+)/tag", Engine.tag),
        ("GET", "/containers/json", Engine.list),
        ("POST", "/containers/create", Engine.create),
        ("GET", "/containers/([^/]+)/json", Engine.inspect),
        ("GET", "/containers/([^/]+)/logs", Engine.logs),
        ("POST", "/containers/([^/]+)/start", Engine.start),
        ("POST", "/containers/([^/]+)/stop", Engine.stop),
        ("POST", "/containers/([^/]+)/kill", Engine.kill),
        ("POST", "/containers/([^/]+)/wait", Engine.wait),
        ("DELETE", "/containers/([^/]+)", Engine.remove),
    )
)


def _inspected(container: Container) -> dict[str, object]:
    state = container.state(time.time())
    ended = state == "exited"
    return {
        "Id": container.id,
        "Name": f"/{container.name}",
        "Image": container.image,
        "Created": _time(container.created),
        "State": {
            "Status": state,
            "Running": state == "running",
            "ExitCode": container.exit_code if ended else 0,
            "StartedAt": _time(container.started),
            "FinishedAt": _time(container.ends if ended else None),
        },
        "Config": {"Image": container.image, "Labels": dict(container.labels), "Tty": False},
        "HostConfig": {"LogConfig": {"Type": "json-file"}},
        "NetworkSettings": {"Networks": {}},
    }


def _time(seconds: float | None) -> str:
    """RFC 3339, with Docker's zero for what did not happen yet."""
    if seconds is None:
        return "0001-01-01T00:00:00Z"
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _shown_as(name: str, found: _Found) -> str:
    revision = found.image.labels.get(REVISION_LABEL)
    repository = name if found.name is None else found.name.repository
    return f"{repository} ref.{revision}" if revision else f"{repository}@{found.image.digest}"


def _framed(line: str) -> bytes:
    """A line as the engine multiplexes streams: which one, three zeroes, the length, the bytes."""
    content = f"{line}\n".encode()
    return struct.pack(">BxxxL", _STDOUT, len(content)) + content


def _label_filters(text: str) -> tuple[str, ...]:
    labels = json.loads(text).get("label", ())
    return tuple(str(label) for label in labels)


def _has_label(container: Container, wanted: str) -> bool:
    name, mark, value = wanted.partition("=")
    return container.labels.get(name) == value if mark else name in container.labels


def _json(document: object, status: int = 200) -> Answer:
    return Answer(status=status, content=json.dumps(document).encode())


def _error(status: int, message: str) -> Answer:
    return _json({"message": message}, status)
