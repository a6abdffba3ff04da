"""One endpoint over aiohttp: a body is sent, a reply comes back, and what goes wrong is typed.

No exception of aiohttp leaves this module, not even as a context: they hold our headers.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec

from evalsuite.errors import CallFailed, CallRefused, CallTransient
from evalsuite.systems.limits import Slot
from evalsuite.systems.openai.access import Access
from evalsuite.systems.openai.bodies import PATHS
from evalsuite.systems.openai.failures import failure_from, one_line, retry_after_seconds
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.responses import ResponsesReply
from evalsuite.systems.openai.streaming import Assembler, EventStream, assembler_for, cut_off
from evalsuite.systems.openai.wire import WireReply

if TYPE_CHECKING:
    import aiohttp

# How long the end of a stream is waited for after its last event, so that its connection lives on.
_DRAIN_SECONDS = 0.25
# Below the 5 s after which uvicorn (vLLM, SGLang) and Node close an idle connection: a request that
# crosses such a close is lost, and nobody knows whether it was billed.
_KEEP_ALIVE_SECONDS = 4.0


class Received(msgspec.Struct):
    """A reply of status 200: its bytes, or what its stream was put together to.

    ``seconds`` run from sending to the last byte, ``first_token_seconds`` to the first token of
    a stream.
    """

    content: bytes
    streamed: WireReply | ResponsesReply | None
    seconds: float
    first_token_seconds: float | None = None


class Connection:
    """A connection pool to one endpoint, opened with the first request."""

    def __init__(self, spec: OpenAIOptions, access: Access) -> None:
        """Nothing is sent yet."""
        self._spec = spec
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, body: bytes, slot: Slot) -> Received:
        """Post ``body`` once and return the reply, without our secrets in it.

        ``slot`` is told what the headers say of the endpoint's limits. Raises CallTransient
        (timeout, connection) and what an error status means.
        """
        import aiohttp

        session = self._session or self._open()
        began = time.perf_counter()
        problem: CallFailed | CallRefused
        try:
            # A redirected POST would lose its body or leak its key.
            async with session.post(self._url, data=body, allow_redirects=False) as reply:
                slot.headers(reply.headers)
                if reply.status == 200:
                    # `transformers serve` streams responses also where it was not asked to
                    if reply.content_type == "text/event-stream":
                        return await self._streamed(reply, began)
                    content = await reply.read()
                    seconds = time.perf_counter() - began
                    return Received(self._access.cleaned(content), None, seconds)
                problem = self._problem(reply, await reply.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = self._transport_problem(error)
        raise problem

    async def _streamed(self, reply: aiohttp.ClientResponse, began: float) -> Received:
        import aiohttp

        stream, whole = EventStream(), assembler_for(self._spec.api)
        first, seconds = None, 0.0
        try:
            async for chunk in reply.content.iter_any():
                token = self._added(whole, stream.feed(chunk))
                seconds = time.perf_counter() - began
                first = seconds if token and first is None else first
                if whole.done:
                    break
            else:
                self._added(whole, stream.end())
        except (aiohttp.ClientError, TimeoutError, OSError):
            if not whole.whole:
                raise
        if not (whole.done or whole.whole):
            raise cut_off()
        await _drain(reply)
        return Received(b"", whole.reply(), seconds, first)

    def _added(self, whole: Assembler, events: list[bytes]) -> bool:
        """Add ``events``; True where a token was among them."""
        token = False
        for event in events:
            if whole.add(self._access.cleaned(event)):
                token = True
        return token

    def _problem(self, reply: aiohttp.ClientResponse, content: bytes) -> CallFailed | CallRefused:
        text = self._access.cleaned(content).decode(errors="replace")
        return failure_from(reply.status, text, retry_after_seconds(reply.headers))

    def _transport_problem(self, error: Exception) -> CallTransient:
        """What went wrong on the way, without the exception that said so."""
        import aiohttp

        if isinstance(error, aiohttp.ConnectionTimeoutError):
            message = f"no connection within {self._spec.connect_timeout_seconds:g} s"
            return CallTransient(message, kind="timeout", billed=False)
        if isinstance(error, aiohttp.SocketTimeoutError):
            message = f"the stream stood still for {self._spec.idle_timeout_seconds:g} s"
            return CallTransient(message, kind="timeout")
        if isinstance(error, TimeoutError):
            message = f"no answer within {self._spec.timeout_seconds:g} s"
            return CallTransient(message, kind="timeout")
        text = self._access.cleaned(f"{type(error).__name__}: {error}".encode())
        never_sent = isinstance(error, aiohttp.ClientConnectorError)
        return CallTransient(
            one_line(text.decode()), kind="connection", billed=False if never_sent else None
        )

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp
        from yarl import URL

        spec = self._spec
        self._url = URL(spec.base_url + PATHS[spec.api])
        self._session = aiohttp.ClientSession(
            headers=self._access.headers,
            timeout=aiohttp.ClientTimeout(
                total=spec.timeout_seconds,
                sock_connect=spec.connect_timeout_seconds,
                sock_read=spec.idle_timeout_seconds if spec.stream else None,
            ),
            connector=aiohttp.TCPConnector(
                limit=0,  # the limiter limits what is in flight
                keepalive_timeout=_KEEP_ALIVE_SECONDS,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=self._access.proxy,
        )
        return self._session


async def _drain(reply: aiohttp.ClientResponse) -> None:
    """Read the end of a stream whose last event has come; it is no loss if that fails."""
    import aiohttp

    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while not reply.content.at_eof():
                await reply.content.readany()
    except (aiohttp.ClientError, TimeoutError, OSError):
        reply.close()
