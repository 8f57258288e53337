"""HTTP/1.1 messages, with the head as it was received and a body of known length."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

MAX_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response. `head` has the first line and the headers, without the final empty line."""

    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty without the header."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return ""

    def closing(self) -> Message:
        """The same message, with a header that closes the connection after it."""
        first, *headers = self.head.split(b"\r\n")
        kept = [line for line in headers if not line.lower().startswith(b"connection:")]
        return Message(b"\r\n".join((first, *kept, b"Connection: close")), self.body)

    def kept_alive(self) -> Message:
        """The same message, delimited by its length only, so that other messages can follow."""
        first, *headers = self.head.split(b"\r\n")
        framing = (b"connection:", b"content-length:", b"transfer-encoding:", b"keep-alive:")
        kept = [line for line in headers if not line.lower().startswith(framing)]
        return Message(b"\r\n".join((first, *kept, b"Content-Length: %d" % len(self.body))), self.body)

    @property
    def wire(self) -> bytes:
        return self.head + b"\r\n\r\n" + self.body


async def read(reader: asyncio.StreamReader) -> Message | None:
    """The next message of a connection, None if the connection ends."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n")
        return Message(head, await _body(Message(head, b""), reader))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def _body(message: Message, reader: asyncio.StreamReader) -> bytes:
    if message.header("Transfer-Encoding").lower() == "chunked":
        return await _chunks(reader)
    length = message.header("Content-Length")
    return await reader.readexactly(int(length)) if length else b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = b""
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        whole += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return whole
