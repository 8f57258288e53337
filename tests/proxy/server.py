"""A proxy on loopback between the tool and AWS, which logs the calls and can interfere with them.

async with Proxy(upstreams(sandbox)) as proxy:
    proxy.on("ecr:PutImage", handlers.lost, nth=2)
    … run the tool with AWS_ENDPOINT_URL=proxy.endpoint …
    proxy.calls
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.proxy import messages
from tests.proxy.calls import Call, name_of
from tests.proxy.handlers import Disconnect, Handler, forwarded
from tests.proxy.messages import Message
from tests.proxy.rounds import Rounds

CallFilter = Callable[[Call], bool]


@dataclass(slots=True)
class _Rule:
    """Handles `times` of the calls that match, from the `nth` on."""

    matches: CallFilter
    handler: Handler
    nth: int
    times: int
    matched: int = 0

    def applies_to(self, call: Call) -> bool:
        """Whether the rule handles the call. Counts the calls that match."""
        if not self.matches(call):
            return False
        self.matched += 1
        return self.nth <= self.matched < self.nth + self.times


FOREVER = 10**9


class Proxy:
    """A reverse proxy on a free port of 127.0.0.1.

    `calls` is the log, in the order of arrival. The proxy forwards each call over a new connection, so that a
    broken connection affects only a single call.

    Args:
        upstreams: the URLs of services, by IAM's prefix, and under `""` that of all others.
        delay: seconds before a call is forwarded to AWS.
        rounds: if given, sends responses in rounds instead of at once.

    """

    def __init__(
        self, upstreams: Mapping[str, str], delay: float = 0.0, rounds: Rounds | None = None
    ) -> None:
        self.delay = delay
        self._rounds = rounds
        self.calls: list[Call] = []
        self._upstreams = {service: urlsplit(url) for service, url in upstreams.items()}
        self._rules: list[_Rule] = []
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, limit=messages.MAX_HEAD_BYTES, backlog=256
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    @property
    def endpoint(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def on(self, calls: str | CallFilter, handler: Handler, *, nth: int = 1, times: int = 1) -> None:
        """Handle `times` calls with this name, or that the filter matches, from the `nth` call from now on."""
        matches = calls if callable(calls) else partial(_has_name, calls)
        self._rules.append(_Rule(matches, handler, nth, times))

    def reset(self) -> None:
        """Forward all calls, and empty the log."""
        self._rules.clear()
        self.calls = []

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        except (Disconnect, ConnectionError):
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()  # the proxy ends; asyncio streams report a cancelled task as an error
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await messages.read(reader):
            call = Call(number=len(self.calls) + 1, name=name_of(request), arrived=time.time())
            self.calls.append(call)
            if self._rounds:
                self._rounds.call_arrived()
            answer = await self._handler(call)(
                _Exchange(call, request, reader, partial(self._send, call.name))
            )
            if self._rounds:
                await self._rounds.wait()
            # Set before the response is sent, because the next call may arrive before this task continues.
            call.ended = time.time()
            writer.write(answer.kept_alive().wire)
            await writer.drain()

    def _handler(self, call: Call) -> Handler:
        # A list, because every rule must count the call.
        matching = [rule.handler for rule in self._rules if rule.applies_to(call)]
        return matching[0] if matching else forwarded

    async def _send(self, name: str, request: Message) -> Message:
        await asyncio.sleep(self.delay)
        upstream = self._upstreams.get(name.partition(":")[0], self._upstreams[""])
        reader, writer = await asyncio.open_connection(
            upstream.hostname, upstream.port, limit=messages.MAX_HEAD_BYTES
        )
        try:
            writer.write(request.closing().wire)
            answer = await messages.read(reader)
        finally:
            writer.close()
        if answer is None:
            raise Disconnect
        return answer


@dataclass(frozen=True, slots=True)
class _Exchange:
    call: Call
    request: Message
    reader: asyncio.StreamReader
    send: Callable[[Message], Awaitable[Message]]

    async def forward(self) -> Message:
        self.call.forwarded = time.time()
        answer = await self.send(self.request)
        self.call.acted = time.time()
        return answer

    async def wait_until_abandoned(self) -> None:
        while await self.reader.read(1024):
            pass


def _has_name(name: str, call: Call) -> bool:
    return call.name == name
