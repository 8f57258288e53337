"""What can be done to a call on its way: each deed answers in AWS's place, passes it on, or lets it die.

A deed gets the exchange it is about. `await exchange.forward()` lets AWS act and answers what AWS says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Protocol

from tests.proxy.calls import Call
from tests.proxy.messages import Message


class Cut(Exception):
    """The connection is to be torn down without an answer."""


class Exchange(Protocol):
    @property
    def call(self) -> Call: ...
    async def forward(self) -> Message:
        """Let AWS act; what it answers."""
        ...

    async def given_up(self) -> None:
        """Wait until the tool no longer waits for the answer."""
        ...


class Victim(Protocol):
    """A process that can be killed."""

    def kill(self) -> None: ...
    def send_signal(self, signal: int) -> None: ...
    async def wait(self) -> int: ...


Deed = Callable[[Exchange], Awaitable[Message]]


def refused(status: int, code: str, message: str = "") -> Deed:
    """AWS does not act and answers an error, in the form of the service."""

    async def answer(exchange: Exchange) -> Message:
        service = exchange.call.name.partition(":")[0]
        return _xml_error(status, code, message) if service == "sts" else _json_error(status, code, message)

    return answer


def throttled() -> Deed:
    """Too many requests, as the service says it."""

    async def answer(exchange: Exchange) -> Message:
        service = exchange.call.name.partition(":")[0]
        code = {"dynamodb": "ProvisionedThroughputExceededException", "sts": "Throttling"}.get(
            service, "ThrottlingException"
        )
        return await refused(400, code, "Rate exceeded")(exchange)

    return answer


def denied() -> Deed:
    """The role lacks a permission."""

    async def answer(exchange: Exchange) -> Message:
        name = exchange.call.name
        user = "arn:aws:sts::111122223333:assumed-role/ci/weco-deploy"
        message = f"User: {user} is not authorized to perform: {name} on resource: *"
        code = "AccessDenied" if name.startswith("sts:") else "AccessDeniedException"
        return await refused(403 if code == "AccessDenied" else 400, code, message)(exchange)

    return answer


def expired() -> Deed:
    """The credentials ran out."""

    async def answer(exchange: Exchange) -> Message:
        sts = exchange.call.name.startswith("sts:")
        code = "ExpiredToken" if sts else "ExpiredTokenException"
        return await refused(403 if sts else 400, code, "The security token included is expired")(exchange)

    return answer


async def malformed(_: Exchange) -> Message:
    """AWS does not act; what answers is no AWS."""
    return _answer(200, "text/html", b"<html><body>please sign in to the wireless network</body>")


async def reset(_: Exchange) -> Message:
    """The connection breaks before AWS acts."""
    raise Cut


async def lost(exchange: Exchange) -> Message:
    """AWS acts, and the answer gets lost."""
    await exchange.forward()
    raise Cut


async def garbled(exchange: Exchange) -> Message:
    """AWS acts, and what arrives is not its answer."""
    await exchange.forward()
    return await malformed(exchange)


async def stalled(exchange: Exchange) -> Message:
    """No answer ever comes, and AWS does not act."""
    await exchange.given_up()
    raise Cut


def slow(seconds: float) -> Deed:
    """AWS acts so much later."""

    async def answer(exchange: Exchange) -> Message:
        await asyncio.sleep(seconds)
        return await exchange.forward()

    return answer


def killed_before(victim: Awaitable[Victim]) -> Deed:
    """The tool is killed while its request is on the way: AWS does not act."""

    async def answer(_: Exchange) -> Message:
        await _kill(victim)
        raise Cut

    return answer


def killed_after(victim: Awaitable[Victim]) -> Deed:
    """The tool is killed once AWS acted, before it gets the answer."""

    async def answer(exchange: Exchange) -> Message:
        await exchange.forward()
        await _kill(victim)
        raise Cut

    return answer


async def passed_on(exchange: Exchange) -> Message:
    """AWS acts, and its answer arrives."""
    return await exchange.forward()


def signalled(
    victim: Awaitable[Victim], number: int, told: Callable[[], None], then: Deed = passed_on
) -> Deed:
    """The tool gets a signal while its request is on the way, to which `then` is done; `told` is called first."""

    async def answer(exchange: Exchange) -> Message:
        process = await victim
        told()
        process.send_signal(number)
        return await then(exchange)

    return answer


def held(barrier: asyncio.Barrier, at_most: float) -> Deed:
    """The call waits for others, then all of them go on together; after `at_most` seconds it goes alone."""

    async def answer(exchange: Exchange) -> Message:
        try:
            await asyncio.wait_for(barrier.wait(), at_most)
        except (TimeoutError, asyncio.BrokenBarrierError):
            return await exchange.forward()
        return await exchange.forward()

    return answer


async def _kill(victim: Awaitable[Victim]) -> None:
    process = await victim
    process.kill()
    await process.wait()


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
