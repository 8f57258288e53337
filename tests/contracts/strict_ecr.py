"""An ECR over loopback that minds what the emulators do not: the order, size and content of uploaded parts.

MiniStack says of every blob that it lacks it, and takes whatever is sent; moto has no uploads. What this one
refuses, and with which code, is what botocore's model of ECR says.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import serving

LEAST_PART = 5 * 1024 * 1024

Json = dict[str, Any]


class Refused(Exception):
    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.body = {"__type": f"com.amazonaws.ecr#{code}", "message": f"refused: {code}", **more}


@dataclass
class StrictEcr:
    """Repositories by name: blobs, manifests by digest, tags. `lose` is a call whose next answer gets lost."""

    url: str = ""
    part_size: int = LEAST_PART
    blobs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    manifests: dict[str, dict[str, str]] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    short_parts: set[str] = field(default_factory=set)
    lose: str = ""
    calls: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def repository(self, name: str) -> None:
        self.blobs[name], self.manifests[name] = {}, {}

    def answer(self, call: str, asked: Mapping[str, Any]) -> Json:
        with self._lock:
            self.calls.append(call)
            name = asked.get("repositoryName", "")
            if name and name not in self.blobs:
                raise Refused("RepositoryNotFoundException")
            answers = {
                "GetAuthorizationToken": self._token,
                "BatchCheckLayerAvailability": self._availability,
                "InitiateLayerUpload": self._begin,
                "UploadLayerPart": self._part,
                "CompleteLayerUpload": self._complete,
                "PutImage": self._put,
            }
            return answers[call](name, asked)

    def _token(self, _: str, __: Mapping[str, Any]) -> Json:
        token = base64.b64encode(b"AWS:s3cret:with-a-colon").decode()
        return {
            "authorizationData": [
                {
                    "authorizationToken": token,
                    "expiresAt": 1,
                    "proxyEndpoint": "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                }
            ]
        }

    def _availability(self, name: str, asked: Mapping[str, Any]) -> Json:
        if not 1 <= len(asked["layerDigests"]) <= 100:
            raise Refused("InvalidParameterException")
        states = {True: "AVAILABLE", False: "UNAVAILABLE"}
        return {
            "layers": [
                {"layerDigest": each, "layerAvailability": states[each in self.blobs[name]]}
                for each in asked["layerDigests"]
            ],
            "failures": [],
        }

    def _begin(self, _: str, __: Mapping[str, Any]) -> Json:
        upload = str(uuid.uuid4())
        self.uploads[upload] = b""
        return {"uploadId": upload, "partSize": self.part_size}

    def _part(self, _: str, asked: Mapping[str, Any]) -> Json:
        upload, content = asked["uploadId"], base64.b64decode(asked["layerPartBlob"])
        if upload not in self.uploads:
            raise Refused("UploadNotFoundException")
        had = len(self.uploads[upload])
        length = asked["partLastByte"] - asked["partFirstByte"] + 1
        if asked["partFirstByte"] != had or length != len(content):
            raise Refused("InvalidLayerPartException", lastValidByteReceived=had - 1)
        if upload in self.short_parts:
            raise Refused("LayerPartTooSmallException")
        if length < LEAST_PART:
            self.short_parts.add(upload)  # fine if it is the last one
        self.uploads[upload] += content
        return {"lastByteReceived": had + length - 1}

    def _complete(self, name: str, asked: Mapping[str, Any]) -> Json:
        (digest,) = asked["layerDigests"]
        if digest in self.blobs[name]:
            raise Refused("LayerAlreadyExistsException")
        content = self.uploads.pop(asked["uploadId"], None)
        if content is None:
            raise Refused("UploadNotFoundException")
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise Refused("InvalidLayerException")
        self.blobs[name][digest] = content
        return {"layerDigest": digest}

    def _put(self, name: str, asked: Mapping[str, Any]) -> Json:
        body, digest = asked["imageManifest"], asked["imageDigest"]
        if f"sha256:{hashlib.sha256(body.encode()).hexdigest()}" != digest:
            raise Refused("ImageDigestDoesNotMatchException")
        content = json.loads(body)
        if any(child["digest"] not in self.manifests[name] for child in content.get("manifests", ())):
            raise Refused("ReferencedImagesNotFoundException")
        needed = [each["digest"] for each in (content.get("config"), *content.get("layers", ())) if each]
        if any(each not in self.blobs[name] for each in needed):
            raise Refused("LayersNotFoundException")
        if digest in self.manifests[name]:
            raise Refused("ImageAlreadyExistsException")
        self.manifests[name][digest] = body
        return {"image": {"imageId": {"imageDigest": digest}}}


@contextmanager
def strict_ecr() -> Iterator[StrictEcr]:
    ecr = StrictEcr()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = self.headers["X-Amz-Target"].rsplit(".", 1)[-1]
            try:
                status, answer = 200, ecr.answer(call, json.loads(body))
            except Refused as refused:
                status, answer = 400, refused.body
            if ecr.lose == call:
                ecr.lose = ""
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing: requests are in `calls`."""

    with serving(Handler) as address:
        ecr.url = f"http://{address}"
        yield ecr
