"""The simulated ECS over HTTP, with AWS's protocols, on a port of 127.0.0.1.

The account and the region come from the credential that signed the request; signatures are not checked. An access key
that is no account number belongs to the caller's account. Two calls are the sandbox's own: `sandbox:MakeTrouble`
(`ecs/trouble.py`), and `sandbox:Provision`, which makes requests in bulk.
"""

from __future__ import annotations

import re
import sys
import traceback
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from weco_deploy.sandbox import wire
from weco_deploy.sandbox.accounts import Place
from weco_deploy.sandbox.ecs import ApiError, Simulation
from weco_deploy.sandbox.ecs.state import Json
from weco_deploy.sandbox.ecs.sts import caller_behind

PROVISION = "sandbox:Provision"
COME_TO_REST = 3600.0
"""Seconds of ECS's time after which a new service has started, or will never start."""

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([a-z0-9-]+)/")
_ACCOUNT = re.compile(r"\d{12}")
_A_DAY = 86400.0


class SimulationServer(ThreadingHTTPServer):
    """Serves a simulation, a thread a connection. `home` is the place of requests that do not name theirs."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = False

    def __init__(self, simulation: Simulation, home: Place, now: Callable[[], datetime]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._simulation = simulation
        self._home = home
        self._now = now

    @property
    def port(self) -> int:
        return self.server_address[1]

    def serve(self) -> None:
        """Serve until the process ends. The base class looks twice a second whether it should end; this never looks."""
        self.serve_forever(poll_interval=_A_DAY)

    def answer(self, request: wire.Request, authorization: str, session_token: str) -> Json:
        found = _CREDENTIAL.search(authorization)
        key, region = found.groups() if found else ("", self._home.region)
        account = key if _ACCOUNT.fullmatch(key) else self._home.account
        if request.operation == PROVISION:
            return self.provision(request.content["requests"])
        return self._simulation.answer(
            account, region, request.operation, request.content, self._now(), caller_behind(session_token)
        )

    def provision(self, requests: list[Json]) -> Json:
        """Make requests as if they had been made long ago, so that the services they create have started."""
        now = self._now()
        then = now - timedelta(seconds=COME_TO_REST / self._simulation.settings.speed)
        for item in requests:
            self._simulation.answer(item["account"], item["region"], item["operation"], item["request"], then)
        self._simulation.run_due(now)
        return {}

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that go away in the middle of a request."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # only printed


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and content leave in one packet

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target", "")
        status, content = self._answer(target, body)
        self.send_response(status)
        self.send_header("Content-Type", wire.JSON_TYPE if target else wire.XML_TYPE)
        self.send_header("x-amzn-RequestId", f"{uuid.uuid4()}")
        self.send_header("Content-Length", f"{len(content)}")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def _answer(self, target: str, body: bytes) -> tuple[int, bytes]:
        authorization = self.headers.get("Authorization", "")
        token = self.headers.get("X-Amz-Security-Token", "")
        try:
            request = wire.read(target, body)
            answer = cast(SimulationServer, self.server).answer(request, authorization, token)
            return 200, wire.answer(target, request.operation, answer)
        except ApiError as error:
            return error.status, wire.error_answer(target, error)
        except Exception as error:  # noqa: BLE001 - a fault of the sandbox's must not look like an answer cut off
            traceback.print_exc()  # into the supervisor's log
            failure = ApiError("InternalFailure", f"the sandbox failed: {error!r}", 500)
            return failure.status, wire.error_answer(target, failure)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: requests are no news."""
