"""Requests to the sandbox's ports on 127.0.0.1, without boto3, whose import takes longer than most commands.

A `Connection` serves many requests: MiniStack spends most of the time of a small request on its connection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Self

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox.accounts import Place

TIMEOUT_SECONDS = 30.0
"""For one answer: the sandbox is on the same machine, but may be busy."""


class Connection:
    """A connection to a port, for one thread: opened by the first request, closed at the end of the `with` block."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._http = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send a request; returns the status and the body of the answer. SandboxError if nothing answers."""
        try:
            self._http.request(method, path, content, headers)
            answer = self._http.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise SandboxError(
                f"the sandbox does not answer on port {self._port}: {error}",
                "run the same command again; if it still does not answer, stop the sandbox and start it again",
            ) from error

    def call(self, place: Place, target: str, request: Mapping[str, object]) -> tuple[int, bytes]:
        """Make a call in AWS's JSON protocol; `target` is its X-Amz-Target. Raises as `send`."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={place.account}/20200101/{place.region}/any/aws4_request, "
            "SignedHeaders=host, Signature=0",  # nothing checks it
        }
        return self.send("POST", "/", json.dumps(request).encode(), headers)


def start_of(answer: bytes) -> str:
    """The beginning of an answer, for messages."""
    return answer[:300].decode(errors="replace")
