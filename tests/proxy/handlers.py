"""Handlers of the proxy. A handler responds to a call instead of AWS, forwards it, or breaks the connection.

`await exchange.forward()` sends the request to AWS and returns AWS's response.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Protocol

from tests.proxy.calls import Call
from tests.proxy.messages import Message


class Disconnect(Exception):
    """Makes the proxy break the connection without a response."""


class Exchange(Protocol):
    @property
    def call(self) -> Call: ...
    async def forward(self) -> Message:
        """Send the request to AWS; returns the response."""
        ...

    async def wait_until_abandoned(self) -> None:
        """Wait until the tool closes the connection."""
        ...


class ToolProcess(Protocol):
    """A process that handlers can kill."""

    def kill(self) -> None: ...
    def send_signal(self, signal: int) -> None: ...
    async def wait(self) -> int: ...


Handler = Callable[[Exchange], Awaitable[Message]]


def refused(status: int, code: str, message: str = "") -> Handler:
    """Responds with an error in the format of the service; AWS does not act."""

    async def handler(exchange: Exchange) -> Message:
        service = exchange.call.name.partition(":")[0]
        return _xml_error(status, code, message) if service == "sts" else _json_error(status, code, message)

    return handler


def throttled() -> Handler:
    """Responds with the service's error for too many requests."""

    async def handler(exchange: Exchange) -> Message:
        service = exchange.call.name.partition(":")[0]
        code = {"dynamodb": "ProvisionedThroughputExceededException", "sts": "Throttling"}.get(
            service, "ThrottlingException"
        )
        return await refused(400, code, "Rate exceeded")(exchange)

    return handler


def denied() -> Handler:
    """Responds with the error for a missing permission."""

    async def handler(exchange: Exchange) -> Message:
        name = exchange.call.name
        user = "arn:aws:sts::111122223333:assumed-role/ci/weco-deploy"
        message = f"User: {user} is not authorized to perform: {name} on resource: *"
        code = "AccessDenied" if name.startswith("sts:") else "AccessDeniedException"
        return await refused(403 if code == "AccessDenied" else 400, code, message)(exchange)

    return handler


def expired() -> Handler:
    """Responds with the error for expired credentials."""

    async def handler(exchange: Exchange) -> Message:
        sts = exchange.call.name.startswith("sts:")
        code = "ExpiredToken" if sts else "ExpiredTokenException"
        return await refused(403 if sts else 400, code, "The security token included is expired")(exchange)

    return handler


async def malformed(_: Exchange) -> Message:
    """Responds with something that is not from AWS; AWS does not act."""
    return _answer(200, "text/html", b"<html><body>please sign in to the wireless network</body>")


async def reset(_: Exchange) -> Message:
    """Breaks the connection before AWS acts."""
    raise Disconnect


async def lost(exchange: Exchange) -> Message:
    """Loses the response after AWS has acted."""
    await exchange.forward()
    raise Disconnect


async def garbled(exchange: Exchange) -> Message:
    """Responds with something that is not from AWS, after AWS has acted."""
    await exchange.forward()
    return await malformed(exchange)


async def stalled(exchange: Exchange) -> Message:
    """Never responds; AWS does not act."""
    await exchange.wait_until_abandoned()
    raise Disconnect


def slow(seconds: float) -> Handler:
    """Forwards the call after a delay."""

    async def handler(exchange: Exchange) -> Message:
        await asyncio.sleep(seconds)
        return await exchange.forward()

    return handler


def killed_before(process: Awaitable[ToolProcess]) -> Handler:
    """Kills the tool before AWS acts."""

    async def handler(_: Exchange) -> Message:
        await _kill(process)
        raise Disconnect

    return handler


def killed_after(process: Awaitable[ToolProcess]) -> Handler:
    """Kills the tool after AWS has acted, before it gets the response."""

    async def handler(exchange: Exchange) -> Message:
        await exchange.forward()
        await _kill(process)
        raise Disconnect

    return handler


async def forwarded(exchange: Exchange) -> Message:
    """Forwards the call and the response."""
    return await exchange.forward()


def signalled(
    process: Awaitable[ToolProcess],
    number: int,
    before_signal: Callable[[], None],
    then: Handler = forwarded,
) -> Handler:
    """Calls `before_signal`, sends the tool a signal, and then handles the call with `then`."""

    async def handler(exchange: Exchange) -> Message:
        tool = await process
        before_signal()
        tool.send_signal(number)
        return await then(exchange)

    return handler


def held(barrier: asyncio.Barrier, timeout: float) -> Handler:
    """Forwards the call once other calls have reached the barrier too, or after `timeout` seconds."""

    async def handler(exchange: Exchange) -> Message:
        try:
            await asyncio.wait_for(barrier.wait(), timeout)
        except (TimeoutError, asyncio.BrokenBarrierError):
            return await exchange.forward()
        return await exchange.forward()

    return handler


async def _kill(process: Awaitable[ToolProcess]) -> None:
    tool = await process
    tool.kill()
    await tool.wait()


def _json_error(status: int, code: str, message: str) -> Message:
    body = json.dumps({"__type": code, "message": message}).encode()
    return _answer(status, "application/x-amz-json-1.1", body)


def _xml_error(status: int, code: str, message: str) -> Message:
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>made-up</RequestId></ErrorResponse>"
    )
    return _answer(status, "text/xml", body.encode())


def _answer(status: int, media_type: str, body: bytes) -> Message:
    head = (
        f"HTTP/1.1 {status} -\r\nContent-Type: {media_type}\r\nx-amzn-RequestId: made-up\r\n"
        f"Content-Length: {len(body)}"
    )
    return Message(head.encode(), body)
