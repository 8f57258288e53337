"""The proxy logs and forwards calls, and handles them as requested."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from tests.proxy import handlers, messages
from tests.proxy.calls import Call, longest_chain
from tests.proxy.messages import Message
from tests.proxy.rounds import Rounds
from tests.proxy.server import Proxy

PUT_IMAGE = "AmazonEC2ContainerRegistry_V20150921.PutImage"
UPDATE = "AmazonEC2ContainerServiceV20141113.UpdateService"


class Aws:
    """Responds to each request with the request's body, and records the bodies."""

    def __init__(self, *, chunked: bool = False) -> None:
        self.acted: list[bytes] = []
        self.url = ""
        self._chunked = chunked

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await messages.read(reader)
        assert request is not None
        self.acted.append(request.body)
        body = request.body
        if self._chunked:
            head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        else:
            writer.write(Message(b"HTTP/1.1 200 OK\r\nContent-Length: %d" % len(body), body).wire)
        writer.close()


class Client:
    """A connection to the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, target: str, body: bytes = b"{}") -> None:
        head = f"POST / HTTP/1.1\r\nX-Amz-Target: {target}\r\nContent-Length: {len(body)}"
        self._writer.write(Message(head.encode(), body).wire)

    async def request(self, target: str, body: bytes = b"{}") -> Message | None:
        self.send(target, body)
        return await messages.read(self._reader)


@asynccontextmanager
async def aws_behind(
    proxy_of: Callable[[str], Proxy], *, chunked: bool = False
) -> AsyncIterator[tuple[Aws, Proxy]]:
    aws = Aws(chunked=chunked)
    server = await asyncio.start_server(aws.answer, "127.0.0.1", 0)
    async with server, proxy_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as proxy:
        yield aws, proxy


@asynccontextmanager
async def connected(proxy: Proxy) -> AsyncIterator[Client]:
    url = urlsplit(proxy.endpoint)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


def run(
    scenario: Callable[[Aws, Proxy], Awaitable[None]], *, chunked: bool = False, rounds: Rounds | None = None
) -> None:
    async def main() -> None:
        async with aws_behind(lambda url: Proxy({"": url}, rounds=rounds), chunked=chunked) as (aws, proxy):
            await scenario(aws, proxy)

    asyncio.run(main())


@pytest.mark.parametrize("chunked", [False, True])
def test_calls_over_a_persistent_connection_are_logged_by_name(chunked: bool) -> None:
    async def scenario(aws: Aws, proxy: Proxy) -> None:
        async with connected(proxy) as client:
            for target in (PUT_IMAGE, UPDATE):
                answer = await client.request(target, b'{"a": 1}')
                assert answer is not None
                assert answer.body == b'{"a": 1}'
        assert [(call.number, call.name) for call in proxy.calls] == [
            (1, "ecr:PutImage"),
            (2, "ecs:UpdateService"),
        ]
        assert all(call.changes and call.ended for call in proxy.calls)
        assert len(aws.acted) == 2

    run(scenario, chunked=chunked)


def test_sts_call_is_named_by_its_action() -> None:
    async def scenario(_: Aws, proxy: Proxy) -> None:
        async with connected(proxy) as client:
            await client.request("", b"Action=GetCallerIdentity&Version=2011-06-15")
        assert [call.name for call in proxy.calls] == ["sts:GetCallerIdentity"]

    run(scenario)


def test_handler_refuses_only_the_nth_call() -> None:
    async def scenario(aws: Aws, proxy: Proxy) -> None:
        proxy.on("ecr:PutImage", handlers.denied(), nth=2)
        async with connected(proxy) as client:
            answers = [await client.request(PUT_IMAGE) for _ in range(3)]
        assert [answer.head.split()[1] for answer in answers if answer] == [b"200", b"400", b"200"]
        assert answers[1] is not None
        assert "ecr:PutImage" in json.loads(answers[1].body)["message"]
        assert len(aws.acted) == 2

    run(scenario)


@pytest.mark.parametrize(("handler", "acted"), [(handlers.reset, 0), (handlers.lost, 1)])
def test_connection_breaks_before_or_after_aws_acts(handler: handlers.Handler, acted: int) -> None:
    async def scenario(aws: Aws, proxy: Proxy) -> None:
        proxy.on("ecs:UpdateService", handler)
        async with connected(proxy) as client:
            assert await client.request(UPDATE) is None
        assert len(aws.acted) == acted

    run(scenario)


@pytest.mark.parametrize(("make_handler", "acted"), [(handlers.killed_before, 0), (handlers.killed_after, 1)])
def test_process_is_killed_before_or_after_aws_acts(
    make_handler: Callable[[Awaitable[handlers.ToolProcess]], handlers.Handler], acted: int
) -> None:
    async def scenario(aws: Aws, proxy: Proxy) -> None:
        process = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
        future = asyncio.get_running_loop().create_future()
        future.set_result(process)
        proxy.on("ecs:UpdateService", make_handler(future))
        async with connected(proxy) as client:
            assert await client.request(UPDATE) is None
        assert process.returncode == -9
        assert len(aws.acted) == acted

    run(scenario)


def test_held_calls_reach_aws_together() -> None:
    async def scenario(_: Aws, proxy: Proxy) -> None:
        proxy.on("ecs:UpdateService", handlers.held(asyncio.Barrier(2), 60.0), times=2)
        async with connected(proxy) as client, connected(proxy) as other_client:
            await asyncio.gather(client.request(UPDATE), other_client.request(UPDATE))
        first, second = proxy.calls
        assert first.forwarded is not None
        assert first.forwarded >= second.arrived

    run(scenario)


def test_rounds_send_responses_together_once_the_tool_waits() -> None:
    rounds = Rounds()

    async def scenario(aws: Aws, proxy: Proxy) -> None:
        proxy.on("ecs:UpdateService", handlers.slow(0.1))
        # A process that sleeps, instead of the tool.
        process = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
        rounds.process = process.pid
        async with connected(proxy) as client, connected(proxy) as other_client:
            await asyncio.gather(client.request(UPDATE), other_client.request(PUT_IMAGE))
            await client.request(UPDATE)
        process.kill()
        await process.wait()
        assert len(aws.acted) == 3
        assert len(longest_chain(proxy.calls)) == 2
        first, second, _ = proxy.calls
        assert first.ended is not None
        assert second.ended is not None
        assert second.ended >= (first.acted or 0.0)

    run(scenario, rounds=rounds)


def test_longest_chain_has_calls_that_waited_for_each_other() -> None:
    spans = [(0.0, 1.0), (0.5, 3.0), (1.0, 2.0), (2.5, 4.0), (3.5, 5.0)]
    calls = [
        Call(number=number, name="ecs:ListTasks", arrived=arrived, ended=ended)
        for number, (arrived, ended) in enumerate(spans)
    ]

    assert [call.number for call in longest_chain(calls)] == [0, 2, 3]
