"""AWS in virtual time: the sandbox's, with a latency and AWS's rate limits, and a log of all calls.

Time passes only while everybody waits, so that the figures depend neither on the machine nor on its load. ECS, tagging, STS and logs are
simulated in this process; ECR and DynamoDB are MiniStack's, a process whose answers take no virtual time.

The tool's own clients send their requests here instead of to AWS (`serving`): everything above them, including retries and the
tool's own rates, is what users run.
"""

from __future__ import annotations

import http.client
import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from tests.world.clock import Schedule
from tests.world.side_by_side import Live, LiveWorkers, SideBySide
from weco_deploy import connect
from weco_deploy.aws.clients import ClientFactory
from weco_deploy.aws.rates import Rates
from weco_deploy.local.concurrent_calls import WORKERS, ConcurrentCalls, begin_alone
from weco_deploy.local.interrupts import Signals
from weco_deploy.model.project import Project
from weco_deploy.ports import Ports
from weco_deploy.sandbox import emulator, wire
from weco_deploy.sandbox.accounts import SANDBOX_ACCOUNT, Place
from weco_deploy.sandbox.ecs import ApiError, Settings, Simulation, Timings, throttling
from weco_deploy.sandbox.ecs.sts import caller_behind
from weco_deploy.sandbox.ecs.timings import AWS_LIMITS, RequestLimit
from weco_deploy.sandbox.registry import Registry

LATENCY = 0.03
"""Seconds that a call takes."""
PUT_IMAGE = RequestLimit(frozenset({"ecr:PutImage"}), 10, 10)
ROUNDING = 1e-4
"""By which part AWS's buckets refill faster than they say: virtual time has microseconds, so that seconds between calls are rounded."""
PLACE = Place(SANDBOX_ACCOUNT, "eu-west-1")
_SERVICES = {"AmazonEC2ContainerRegistry_V20150921": "ecr", "DynamoDB_20120810": "dynamodb"}
THROTTLED = "ThrottlingException"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that reached AWS. `run` is the number of the run that sent it; `refused` says that AWS throttled it."""

    name: str
    began: datetime
    ended: datetime
    run: int
    refused: bool = False


@contextmanager
def emulated() -> Iterator[int]:
    """Run MiniStack, and yield its port."""
    with TemporaryDirectory() as directory, emulator.reserved(None) as port:
        process = emulator.spawn(Path(directory), port, PLACE)
        try:
            if not emulator.wait_until_ready(process, port, Path(directory)):
                raise RuntimeError("MiniStack ended as soon as it was started")
            yield port
        finally:
            process.kill()
            process.communicate()


def limits(part: float) -> tuple[RequestLimit, ...]:
    """AWS's limits, of which others leave this part."""
    return tuple(
        replace(limit, burst=limit.burst * part, refill=limit.refill * part * (1 + ROUNDING))
        for limit in (*AWS_LIMITS, PUT_IMAGE)
    )


class VirtualClock:
    """The port Clock, in virtual time."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def utc(self) -> datetime:
        return self._aws.now()

    def wait(self, seconds: float) -> None:
        self._aws.sleep(seconds)


class Aws:
    """AWS, for several runs of the tool, each in a thread.

    Args:
        port: MiniStack's.
        account: the account of the caller; a new one has nothing in it.
        part: the part of AWS's rate limits that others leave.

    """

    def __init__(self, port: int, account: str, part: float = 1.0) -> None:
        self.port = port
        self.place = Place(account, PLACE.region)
        self.registry = Registry(port)
        self.simulation = Simulation(self.registry, Settings(timings=Timings()))
        lock = threading.RLock()
        self.schedule = Schedule(lock, self.simulation)
        # MiniStack has the real time.
        self.schedule.now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - virtual time begins now
        self.runs = SideBySide(self.schedule, lock)
        self.limits = limits(part)
        self.calls: list[Call] = []
        self.pushed: dict[str, str] = {}
        """By repository, the tag that names the newest version."""
        self._lock = lock
        self._thread = threading.local()
        self._connecting = threading.Lock()
        self._connections: list[http.client.HTTPConnection] = []
        self._connected = 0

    def close(self) -> None:
        """Close the connections to MiniStack."""
        for connection in self._connections:
            connection.close()

    def now(self) -> datetime:
        return self.schedule.now

    def sleep(self, seconds: float) -> None:
        """Wait in virtual time; a thread of no run lets it pass itself."""
        until = self.now() + timedelta(seconds=max(0.0, seconds))
        live: Live | None = getattr(self._thread, "live", None)
        if live is None:
            self.schedule.pass_until(until)
        else:
            self.runs.sleep(live, until, lambda: False)

    def run(self, *functions: Callable[[], T]) -> list[T]:
        """Run the functions side by side; each may connect to AWS."""
        with self.serving():
            return self.runs.run(*functions)

    def connect(self, project: Project, say: Callable[[str], None] | None = None) -> Ports:
        """The ports of a run, which starts now; the calling thread is its main thread.

        It has rate limits of its own, as a process has. `say` gets the messages of what it waits for.
        """
        live, clock = self.runs.mine, VirtualClock(self)
        if live is None:
            raise RuntimeError("connect within Aws.run")
        with self._lock:
            self._connected += 1
            workers = _Workers(self, live, self._connected)
        self.enter(live, workers.number)

        def calls(*_: object, action: Callable[[], None]) -> ConcurrentCalls:
            return ConcurrentCalls(clock, workers, action=action)

        with (
            self._connecting,
            patch.multiple(
                connect,
                SystemClock=lambda _: clock,
                ConcurrentCalls=calls,
                PROCESS_RATES=Rates(),
                begin_alone=lambda call: begin_alone(workers.own(call)),
                tick=lambda _: None,
            ),
        ):
            return connect.connect(project, Signals(), purpose="benchmark", waiting=say)

    def enter(self, live: Live, number: int) -> None:
        """The calling thread belongs to this run from now on."""
        self._thread.live, self._thread.run = live, number

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Within it all clients of the tool send their requests here."""
        make = ClientFactory.client

        def client(factory: ClientFactory, *arguments: Any, **named: Any) -> Any:
            made = make(factory, *arguments, **named)
            made.meta.events.register_last("before-send", self._send)  # type: ignore[arg-type]  # the stubs don't know that it answers
            return made

        with (
            patch.object(ClientFactory, "client", client),
            patch("botocore.endpoint.time", SimpleNamespace(sleep=self.sleep)),  # between two attempts
            patch.dict("os.environ", self.variables),
        ):
            yield

    @property
    def variables(self) -> dict[str, str]:
        """The caller's credentials, without any settings of the machine."""
        return {
            "AWS_ACCESS_KEY_ID": self.place.account,
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_REGION": self.place.region,
            "AWS_DEFAULT_REGION": self.place.region,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer a request in place of AWS: a handler of botocore's event `before-send`."""
        headers = {name: _text(value) for name, value in request.headers.items()}
        body = request.body.encode() if isinstance(request.body, str) else bytes(request.body or b"")  # type: ignore[arg-type]  # no file
        status, kind, content = self.answer(request.method, urlsplit(request.url).path, headers, body)
        received = HTTPHeaders.from_dict({"Content-Type": kind})
        return AWSResponse(request.url, status, received, _Raw(content))

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        """Answer a request after its latency: the status, the type of the content, and the content."""
        began, run = self.now(), getattr(self._thread, "run", 0)
        target = headers.get("X-Amz-Target", "")
        if target:
            self.sleep(LATENCY)
        else:  # STS: all threads that need these credentials wait for a lock, which virtual time knows nothing of
            self.schedule.pass_until(began + timedelta(seconds=LATENCY))
        prefix, _, operation = target.partition(".")
        name, refused = f"{_SERVICES.get(prefix, '')}:{operation}", False
        if prefix in _SERVICES:
            try:
                self._take(name)
                status, kind, content = self._forward(method, path, headers, body)
            except ApiError as error:
                refused = True
                status, kind, content = error.status, wire.JSON_TYPE, wire.error_answer(target, error)
        else:
            name, refused, status, content = self._simulated(target, headers, body)
            kind = wire.JSON_TYPE if target else wire.XML_TYPE
        with self._lock:
            self.calls.append(Call(name, began, self.now(), run, refused))
        return status, kind, content

    def _simulated(
        self, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[str, bool, int, bytes]:
        name = "?"
        try:
            request = wire.read(target, body)
            name = request.operation
            self._take(name)
            caller = caller_behind(headers.get("X-Amz-Security-Token", ""))
            with self._lock:
                answer = self.simulation.answer(
                    account_of(headers) or self.place.account,
                    self.place.region,
                    name,
                    request.content,
                    self.now(),
                    caller,
                )
                return name, False, 200, wire.answer(target, name, answer)
        except ApiError as error:
            return name, error.code == THROTTLED, error.status, wire.error_answer(target, error)

    def _take(self, operation: str) -> None:
        """Take a token of AWS's buckets. ApiError if there is none."""
        with self._lock:
            region = self.simulation.region(self.place.account, self.place.region)
            with region.lock:
                region.now = max(region.now, self.now())
                region.settings.limits = self.limits
                try:
                    throttling.take(region, operation)
                finally:
                    region.settings.limits = ()

    def _forward(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str, bytes]:
        connection = getattr(self._thread, "connection", None)
        if connection is None:
            connection = self._thread.connection = http.client.HTTPConnection("127.0.0.1", self.port)
            self._connections.append(connection)
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()


class _Workers(LiveWorkers):
    """The workers of a run, which have its number."""

    def __init__(self, aws: Aws, live: Live, number: int) -> None:
        super().__init__(WORKERS, aws.runs, live)
        self.number = number
        self._aws = aws

    def begin(self, call: Callable[[], T]) -> Future[T]:
        return super().begin(self.own(call))

    def own(self, call: Callable[[], T]) -> Callable[[], T]:
        """The call, whose thread belongs to the run."""

        def called() -> T:
            self._aws.enter(self._live, self.number)
            return call()

        return called


class _Raw(io.BytesIO):
    """The content of a response, as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        while content := self.read(1 << 16):
            yield content


def account_of(headers: Mapping[str, str]) -> str:
    """The account of the credentials that signed a request."""
    found = re.search(r"Credential=(\d{12})/", headers.get("Authorization", ""))
    return found[1] if found else ""


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
