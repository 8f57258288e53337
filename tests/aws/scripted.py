"""A server that gives the answers that a test scripts, for what the emulators don't do, such as losing an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

from tests.loopback import serving


@dataclass(frozen=True)
class Answer:
    """A status and a body. With the body None the server closes the connection without an answer."""

    status: int = 200
    body: str | None = "{}"


HOLDING_SECONDS = 60.0
LOST = Answer(body=None)


def json_answer(status: int = 200, **content: object) -> Answer:
    return Answer(status, json.dumps(content))


def refusal(code: str, message: str = "", status: int = 400) -> Answer:
    return json_answer(status, __type=f"com.amazonaws.ecs#{code}", message=message)


@dataclass
class ScriptedAws:
    """The server's script and what it received.

    Attributes:
        url: where it listens.
        reads_after: seconds before it reads the body of a request, as over a slow connection.
        answers: by the operation's name, in order; it repeats the last answer of each.
        calls: the operations that were called, with their `headers` and `bodies`.

    """

    url: str = ""
    reads_after: float = 0.0
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    held_in_vain: list[str] = field(default_factory=list)
    """Operations that were held until another operation came, which did not come within the time limit."""
    _holds: dict[str, str] = field(default_factory=dict)
    _came: dict[str, threading.Event] = field(default_factory=dict)

    def hold_until(self, *operations: str) -> None:
        """Answer each of these operations only when the next of them has come, and the last when the first has come."""
        self._came = {operation: threading.Event() for operation in operations}
        self._holds = dict(zip(operations, (*operations[1:], operations[0]), strict=True))

    def wait_for_others(self, operation: str) -> None:
        if operation in self._holds:
            self._came[operation].set()
            if not self._came[self._holds[operation]].wait(HOLDING_SECONDS):
                self.held_in_vain.append(operation)

    def says(self, operation: str, *answers: Answer) -> None:
        self.answers[operation] = list(answers)

    def answer_to(self, operation: str) -> Answer:
        self.calls.append(operation)
        waiting = self.answers.get(operation, [refusal("UnknownOperationException")])
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@contextmanager
def scripted_aws() -> Iterator[ScriptedAws]:
    script = ScriptedAws()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # sends head and body together; otherwise the body waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            over.wait(script.reads_after)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            target = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
            script.headers.append(dict(self.headers))
            script.bodies.append(body)
            operation = target or parse_qs(body)["Action"][0]
            script.wait_for_others(operation)
            answer = script.answer_to(operation)
            if answer.body is None:
                self.close_connection = True
                return
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("x-amzn-RequestId", "request-1")
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            """A download: its operation is `GET` and the path."""
            answer = script.answer_to(f"GET {self.path}")
            content = (answer.body or "").encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_PUT(self) -> None:
            """An upload to S3."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            script.headers.append(dict(self.headers))
            script.bodies.append(body)
            answer = script.answer_to("PutObject")
            content = (answer.body or "").encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Log nothing: the requests are in `calls`."""

    with serving(Handler) as address:
        script.url = f"http://{address}"
        try:
            yield script
        finally:
            over.set()
