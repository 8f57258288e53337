"""A fake Docker Engine on loopback with the API that `publish` needs: images by name, and pushes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import running

Json = dict[str, Any]
NO_DIGEST = f"sha256:{'0' * 64}"


@dataclass
class FakeEngine:
    """The engine's state, its reaction to a push, and the requests that it got.

    Attributes:
        images: image ids by name.
        untagged: ids of images that lost their name.
        digests: the repository digests of an image, by id.
        descriptors: descriptors by image id, as engines with the containerd store have them.
        manifests: the manifests of an index, by image id.
        on_push: called with the pushed name and the image id; returns the digest.
        push_lines: replaces the lines that the engine streams for a push.
        disconnects: whether the engine closes the connection in the middle of a push.
        logins: the credentials sent with each push.
        names_at_push: the names of all images during the last push.

    """

    url: str = ""
    images: dict[str, str] = field(default_factory=dict)
    digests: dict[str, list[str]] = field(default_factory=dict)
    descriptors: dict[str, Json] = field(default_factory=dict)
    manifests: dict[str, list[Json]] = field(default_factory=dict)
    on_push: Callable[[str, str], str] = lambda _, __: NO_DIGEST
    push_lines: list[Json] | None = None
    disconnects: bool = False
    logins: list[dict[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    names_at_push: list[str] = field(default_factory=list)
    untagged: set[str] = field(default_factory=set)

    def inspect(self, name: str, *, manifests: bool = False) -> Json | None:
        known = self.untagged | set(self.images.values())
        image_id = self.images.get(name) or (name if name in known else None)
        if image_id is None:
            return None
        containerd: Json = {"Descriptor": self.descriptors[image_id]} if image_id in self.descriptors else {}
        if manifests:
            containerd["Manifests"] = self.manifests.get(image_id)
        return {
            "Id": image_id,
            "RepoTags": [tag for tag, tagged_id in self.images.items() if tagged_id == image_id],
            "RepoDigests": self.digests.get(image_id, []),
            **containerd,
        }

    def push(self, repository: str, tag: str) -> list[Json]:
        if self.push_lines is not None:
            return self.push_lines
        name = f"{repository}:{tag}"
        self.names_at_push = list(self.images)
        digest = self.on_push(name, self.images[name])
        return [
            {"status": f"The push refers to repository [{repository}]"},
            {"status": "Preparing", "progressDetail": {}, "id": "5f70bf18a086"},
            {
                "status": "Pushing",
                "progressDetail": {"current": 1_000_000, "total": 2_000_000},
                "id": "5f70bf18a086",
            },
            {"status": "Pushed", "progressDetail": {}, "id": "5f70bf18a086"},
            {"status": f"{tag}: digest: {digest} size: 428"},
            {"progressDetail": {}, "aux": {"Tag": tag, "Digest": digest, "Size": 428}},
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, engine: FakeEngine) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.engine = engine


class _UnixServer(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def __init__(self, engine: FakeEngine, path: Path) -> None:
        super().__init__(str(path), _Handler)
        self.engine = engine


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    @property
    def _engine(self) -> FakeEngine:
        assert isinstance(self.server, _Server | _UnixServer)
        return self.server.engine

    def do_GET(self) -> None:
        path = self._path()
        if path.endswith("/version"):
            return self._answer(200, {"ApiVersion": "1.45", "MinAPIVersion": "1.24"})
        manifests = "manifests" in parse_qs(urlsplit(self.path).query)
        return self._answer_found(
            self._engine.inspect(_between(path, "/images/", "/json"), manifests=manifests)
        )

    def do_POST(self) -> None:
        path, query = self._path(), parse_qs(urlsplit(self.path).query)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path.endswith("/tag"):
            inspected = self._engine.inspect(_between(path, "/images/", "/tag"))
            self._engine.untagged |= set(self._engine.images.values())
            if inspected:
                self._engine.images[f"{query['repo'][0]}:{query['tag'][0]}"] = inspected["Id"]
            return self._answer_found(inspected, 201)
        self._engine.logins.append(json.loads(base64.urlsafe_b64decode(self.headers["X-Registry-Auth"])))
        return self._stream(self._engine.push(_between(path, "/images/", "/push"), query["tag"][0]))

    def do_DELETE(self) -> None:
        name = self._path().partition("/images/")[2]
        self._answer_found({"Untagged": self._engine.images.pop(name, "")})

    def _path(self) -> str:
        path = unquote(urlsplit(self.path).path)
        self._engine.requests.append(f"{self.command} {path}")
        return path

    def _answer_found(self, content: object, status: int = 200) -> None:
        self._answer(status, content) if content else self._answer(404, {"message": "No such image"})

    def _answer(self, status: int, content: object) -> None:
        self._send(status, json.dumps(content).encode())

    def _stream(self, lines: list[Json]) -> None:
        """Sends lines in chunks, as the engine does; its client treats anything else as an error."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            content = json.dumps(line).encode() + b"\r\n"
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.write(b"ff\r\n{" if self._engine.disconnects else b"0\r\n\r\n")
        self.close_connection = self.close_connection or self._engine.disconnects

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Logs nothing: `requests` has all requests."""


@contextmanager
def fake_engine(path: Path | None = None) -> Iterator[FakeEngine]:
    """An engine that listens on the Unix socket `path`, by default on a TCP port."""
    engine = FakeEngine()
    server: _Server | _UnixServer
    if path:
        server = _UnixServer(engine, path)
        engine.url = f"unix://{path}"
    else:
        server = _Server(engine)
        engine.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    with running(server):
        yield engine


def _between(path: str, before: str, after: str) -> str:
    return path.partition(before)[2].removesuffix(after)
