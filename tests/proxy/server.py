"""The proxy itself: it stands between the tool and the emulator, on loopback, and keeps a log of the calls.

async with Proxy(sandbox.endpoint) as proxy:
    proxy.on("ecr:PutImage", deeds.lost, nth=2)
    … run the tool with AWS_ENDPOINT_URL=proxy.endpoint …
    proxy.calls
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.proxy import messages
from tests.proxy.calls import Call, name_of
from tests.proxy.deeds import Cut, Deed, passed_on
from tests.proxy.messages import Message
from tests.proxy.rounds import Rounds

Which = Callable[[Call], bool]


@dataclass(slots=True)
class _Rule:
    """Does something to the `nth` of the calls that match, and to `times - 1` after it."""

    which: Which
    deed: Deed
    nth: int
    times: int
    seen: int = 0

    def takes(self, call: Call) -> bool:
        if not self.which(call):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


FOREVER = 10**9


class Proxy:
    """A reverse proxy on a free port of 127.0.0.1.

    `calls` is the log, in the order of arrival. Each call is forwarded over a connection of its own, so that
    nothing but what was asked for goes wrong.

    Args:
        upstream: the emulator's URL.
        delay: seconds that each call is held back before AWS sees it.
        rounds: if given, answers leave in its rounds, else each as soon as it is there.

    """

    def __init__(self, upstream: str, delay: float = 0.0, rounds: Rounds | None = None) -> None:
        self.delay = delay
        self._rounds = rounds
        self.calls: list[Call] = []
        self._upstream = urlsplit(upstream)
        self._rules: list[_Rule] = []
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._begin, "127.0.0.1", 0, limit=messages.LONGEST_HEAD, backlog=256
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

    def on(self, which: str | Which, deed: Deed, *, nth: int = 1, times: int = 1) -> None:
        """From now on, do that to the `nth` call of a name (or that `which` picks) and to `times - 1` after it."""
        picked = which if callable(which) else partial(_is_called, which)
        self._rules.append(_Rule(picked, deed, nth, times))

    def forget(self) -> None:
        """Do nothing to any call any more, and begin the log anew."""
        self._rules.clear()
        self.calls = []

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._serve(reader, writer)
        except (Cut, ConnectionError):
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()  # the proxy ends: streams would tell of a cancelled task as of a fault
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await messages.read(reader):
            call = Call(number=len(self.calls) + 1, name=name_of(request), arrived=time.time())
            self.calls.append(call)
            if self._rounds:
                self._rounds.began()
            answer = await self._deed(call)(_Exchange(call, request, reader, self._ask))
            if self._rounds:
                await self._rounds.turn()
            # Before it leaves: the next call may arrive before we get to go on.
            call.ended = time.time()
            writer.write(answer.kept_alive().wire)
            await writer.drain()

    def _deed(self, call: Call) -> Deed:
        taken = [rule.deed for rule in self._rules if rule.takes(call)]
        return taken[0] if taken else passed_on

    async def _ask(self, request: Message) -> Message:
        await asyncio.sleep(self.delay)
        reader, writer = await asyncio.open_connection(
            self._upstream.hostname, self._upstream.port, limit=messages.LONGEST_HEAD
        )
        try:
            writer.write(request.closing().wire)
            answer = await messages.read(reader)
        finally:
            writer.close()
        if answer is None:
            raise Cut
        return answer


@dataclass(frozen=True, slots=True)
class _Exchange:
    call: Call
    request: Message
    reader: asyncio.StreamReader
    ask: Callable[[Message], Awaitable[Message]]

    async def forward(self) -> Message:
        self.call.forwarded = time.time()
        answer = await self.ask(self.request)
        self.call.acted = time.time()
        return answer

    async def given_up(self) -> None:
        while await self.reader.read(1024):
            pass


def _is_called(name: str, call: Call) -> bool:
    return call.name == name
