"""Requests to the sandbox's ports on 127.0.0.1, without boto3, whose import takes longer than most commands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException

from weco_deploy.errors import SandboxError
from weco_deploy.sandbox.accounts import Place

TIMEOUT_SECONDS = 30.0
"""For one answer: the sandbox is on the same machine, but may be busy."""


def send(port: int, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send a request; returns the status and the body of the answer. SandboxError if nothing answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException) as error:
        raise SandboxError(
            f"the sandbox does not answer on port {port}: {error}",
            "is it running? weco-deploy sandbox start",
        ) from error
    finally:
        connection.close()


def call(port: int, place: Place, target: str, request: Mapping[str, object]) -> tuple[int, bytes]:
    """Make a call in AWS's JSON protocol; `target` is its X-Amz-Target. Raises as `send`."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={place.account}/20200101/{place.region}/any/aws4_request, "
        "SignedHeaders=host, Signature=0",  # nothing checks it
    }
    return send(port, "POST", "/", json.dumps(request).encode(), headers)


def start_of(answer: bytes) -> str:
    """The beginning of an answer, for messages."""
    return answer[:300].decode(errors="replace")
