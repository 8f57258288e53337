"""A Docker Engine over loopback, as far as `publish` asks it: images by name, and pushing one.

What a push does is the test's: `arrive` is given the name that was pushed and answers its digest, `says` replaces
the lines that the engine streams. `logins` are those that came with the pushes.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Line = dict[str, Any]
NOWHERE = f"sha256:{'0' * 64}"


@dataclass
class FakeEngine:
    """`images` are ids by name, `nameless` those that lost theirs.

    `digests` are what each id is known by. With the containerd store `described` is an image's descriptor, and
    `manifests` those of an index, as they are listed where that is asked for.
    """

    url: str = ""
    images: dict[str, str] = field(default_factory=dict)
    digests: dict[str, list[str]] = field(default_factory=dict)
    described: dict[str, Line] = field(default_factory=dict)
    manifests: dict[str, list[Line]] = field(default_factory=dict)
    arrive: Callable[[str, str], str] = lambda _, __: NOWHERE
    says: list[Line] | None = None
    breaks_off: bool = False
    logins: list[dict[str, str]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    named_at_push: list[str] = field(default_factory=list)
    nameless: set[str] = field(default_factory=set)

    def inspected(self, name: str, *, manifests: bool = False) -> Line | None:
        known = self.nameless | set(self.images.values())
        image_id = self.images.get(name) or (name if name in known else None)
        if image_id is None:
            return None
        described: Line = {"Descriptor": self.described[image_id]} if image_id in self.described else {}
        if manifests:
            described["Manifests"] = self.manifests.get(image_id)
        return {
            "Id": image_id,
            "RepoTags": [each for each, its in self.images.items() if its == image_id],
            "RepoDigests": self.digests.get(image_id, []),
            **described,
        }

    def pushed(self, repository: str, tag: str) -> list[Line]:
        if self.says is not None:
            return self.says
        name = f"{repository}:{tag}"
        self.named_at_push = list(self.images)
        digest = self.arrive(name, self.images[name])
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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    @property
    def _engine(self) -> FakeEngine:
        assert isinstance(self.server, _Server)
        return self.server.engine

    def do_GET(self) -> None:
        path = self._path()
        if path.endswith("/version"):
            return self._answer(200, {"ApiVersion": "1.45", "MinAPIVersion": "1.24"})
        manifests = "manifests" in parse_qs(urlsplit(self.path).query)
        return self._found(self._engine.inspected(_between(path, "/images/", "/json"), manifests=manifests))

    def do_POST(self) -> None:
        path, asked = self._path(), parse_qs(urlsplit(self.path).query)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path.endswith("/tag"):
            seen = self._engine.inspected(_between(path, "/images/", "/tag"))
            self._engine.nameless |= set(self._engine.images.values())
            if seen:
                self._engine.images[f"{asked['repo'][0]}:{asked['tag'][0]}"] = seen["Id"]
            return self._found(seen, 201)
        self._engine.logins.append(json.loads(base64.urlsafe_b64decode(self.headers["X-Registry-Auth"])))
        return self._stream(self._engine.pushed(_between(path, "/images/", "/push"), asked["tag"][0]))

    def do_DELETE(self) -> None:
        name = self._path().partition("/images/")[2]
        self._found({"Untagged": self._engine.images.pop(name, "")})

    def _path(self) -> str:
        path = unquote(urlsplit(self.path).path)
        self._engine.requests.append(f"{self.command} {path}")
        return path

    def _found(self, seen: object, status: int = 200) -> None:
        self._answer(status, seen) if seen else self._answer(404, {"message": "No such image"})

    def _answer(self, status: int, content: object) -> None:
        self._send(status, json.dumps(content).encode())

    def _stream(self, lines: list[Line]) -> None:
        """In chunks, as the engine does: its client takes anything else for an error."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            content = json.dumps(line).encode() + b"\r\n"
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.write(b"ff\r\n{" if self._engine.breaks_off else b"0\r\n\r\n")
        self.close_connection = self.close_connection or self._engine.breaks_off

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: what was asked for is in `requests`."""


@contextmanager
def fake_engine() -> Iterator[FakeEngine]:
    engine = FakeEngine()
    server = _Server(engine)
    engine.url = f"tcp://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))  # noqa: TID251 - a server beside the test
    serving.start()
    try:
        yield engine
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _between(path: str, before: str, after: str) -> str:
    return path.partition(before)[2].removesuffix(after)
