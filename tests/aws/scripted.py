"""An AWS that answers what a test says, in order: for what no emulator does, such as losing an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Answer:
    """A status and a body; a body of None closes the connection without any answer."""

    status: int = 200
    body: str | None = "{}"


LOST = Answer(body=None)


def json_answer(status: int = 200, **content: object) -> Answer:
    return Answer(status, json.dumps(content))


def refusal(code: str, message: str = "", status: int = 400) -> Answer:
    return json_answer(status, __type=f"com.amazonaws.ecs#{code}", message=message)


@dataclass
class ScriptedAws:
    """`answers` by the operation's name; the last one of each is given for ever. `calls` are the operations asked for.

    `reads_after`: seconds for which no request's body is read, as over a line that is slow.
    """

    url: str = ""
    reads_after: float = 0.0
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

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
        wbufsize = -1  # head and body leave together, else the second waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            over.wait(script.reads_after)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            target = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
            script.headers.append(dict(self.headers))
            script.bodies.append(body)
            answer = script.answer_to(target or parse_qs(body)["Action"][0])
            if answer.body is None:
                self.close_connection = True
                return
            content = answer.body.encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("x-amzn-RequestId", "request-1")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Nothing: requests are in `calls`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))  # noqa: TID251 - a server beside the test
    serving.start()
    try:
        yield script
    finally:
        over.set()
        server.shutdown()
        serving.join()
        server.server_close()
