"""``client: openai``: the vendor's own client, for what it alone can do.

It signs requests for Azure, reads the environment as its other users know it, and costs ten times
the processor time. It carries bytes and nothing else: its retries are off, because they would hide
failures and hold up the limiter, and what comes back is read as from any other endpoint.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel, ConfigDict

from evalsuite.errors import CallFailed, CallRefused, CallTransient, ExtraMissing
from evalsuite.systems.limits import Slot
from evalsuite.systems.openai.access import Access, is_loopback
from evalsuite.systems.openai.connection import Connection, Received
from evalsuite.systems.openai.failures import failure_from, one_line, retry_after_seconds
from evalsuite.systems.openai.model import OpenAIModel
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.streaming import EventStream, assembler_for, cut_off
from evalsuite.systems.resources import Resources

if TYPE_CHECKING:
    import openai

# What the client's methods take by name; all else goes into the body as it is.
_NAMED: Mapping[str, tuple[str, ...]] = {
    "chat": ("model", "messages", "stream"),
    "responses": ("model", "input", "stream"),
    "completions": ("model", "prompt", "stream"),
}


class ClientOptions(BaseModel):
    """What the vendor's client is made with.

    api_version: makes it the client of Azure OpenAI, whose resource ``base_url`` is.
    organization, project: whose account is charged.
    default_query: added to every address.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    api_version: str | None = None
    organization: str | None = None
    project: str | None = None
    default_query: dict[str, str] | None = None


class SdkModel(OpenAIModel):
    """A model name at an endpoint, asked through the vendor's client."""

    def __init__(
        self, spec: OpenAIOptions, resources: Resources, options: ClientOptions | None = None
    ) -> None:
        """Read the key; nothing is sent yet. ConfigError where it is missing, or ExtraMissing."""
        super().__init__(spec, resources)
        options = options or ClientOptions()
        self._connection = SdkConnection(spec, self._access, options)
        answering = options.model_dump(include={"api_version", "default_query"}, exclude_none=True)
        if answering:
            self.identity = {**self.identity, "client_options": answering}


class SdkConnection(Connection):
    """The vendor's client in the place of a connection pool."""

    def __init__(self, spec: OpenAIOptions, access: Access, options: ClientOptions) -> None:
        """Make the client; nothing is sent yet. ExtraMissing where it is not installed."""
        super().__init__(spec, access)
        self._client = _client(spec, access, options)
        resources: dict[str, Any] = {
            "chat": self._client.chat.completions,
            "responses": self._client.responses,
            "completions": self._client.completions,
        }
        self._create = partial(
            resources[spec.api].with_streaming_response.create, extra_headers=_signature(access)
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def send(self, body: bytes, slot: Slot) -> Received:
        """Post ``body`` once and return the reply; raises as ``Connection.send`` does."""
        import httpx2
        import openai

        fields: dict[str, Any] = msgspec.json.decode(body)
        named = {name: fields.pop(name) for name in _NAMED[self._spec.api] if name in fields}
        began = time.perf_counter()
        problem: CallFailed | CallRefused
        try:
            async with (
                asyncio.timeout(self._spec.timeout_seconds),
                self._create(**named, extra_body=fields) as reply,
            ):
                slot.headers(reply.headers)
                kind = reply.headers.get("content-type", "")
                if "stream" in named and kind.startswith("text/event-stream"):
                    return await self._assembled(reply.iter_bytes(), began)
                content = await reply.read()
                seconds = time.perf_counter() - began
                return Received(self._access.cleaned(content), None, seconds)
        except openai.APIStatusError as error:
            slot.headers(error.response.headers)
            text = self._access.cleaned(error.response.content).decode(errors="replace")
            wait = retry_after_seconds(error.response.headers)
            problem = failure_from(error.response.status_code, text, wait)
        except (openai.APIConnectionError, httpx2.HTTPError, TimeoutError, OSError) as error:
            problem = self._lost(error)
        raise problem

    async def _assembled(self, chunks: AsyncIterator[bytes], began: float) -> Received:
        stream, whole = EventStream(), assembler_for(self._spec.api)
        first: float | None = None
        async for chunk in chunks:
            if self._added(whole, stream.feed(chunk)) and first is None:
                first = time.perf_counter() - began
            if whole.done:
                break
        else:
            self._added(whole, stream.end())
        if not (whole.done or whole.whole):
            raise cut_off()
        return Received(b"", whole.reply(), time.perf_counter() - began, first)

    def _lost(self, error: Exception) -> CallTransient:
        """What went wrong on the way, without the exception that said so: it holds our headers."""
        import httpx2

        cause = error.__cause__ if isinstance(error.__cause__, httpx2.HTTPError) else error
        if isinstance(cause, httpx2.ConnectTimeout):
            message = f"no connection within {self._spec.connect_timeout_seconds:g} s"
            return CallTransient(message, kind="timeout", billed=False)
        if isinstance(cause, httpx2.ReadTimeout):
            message = f"the stream stood still for {self._spec.idle_timeout_seconds:g} s"
            return CallTransient(message, kind="timeout")
        if isinstance(cause, TimeoutError):
            message = f"no answer within {self._spec.timeout_seconds:g} s"
            return CallTransient(message, kind="timeout")
        text = self._access.cleaned(f"{type(cause).__name__}: {cause}".encode())
        never_sent = isinstance(cause, httpx2.ConnectError)
        return CallTransient(
            one_line(text.decode()), kind="connection", billed=False if never_sent else None
        )


def _client(
    spec: OpenAIOptions, access: Access, options: ClientOptions
) -> openai.AsyncOpenAI | openai.AsyncAzureOpenAI:
    try:
        import openai
    except ImportError:
        raise ExtraMissing("openai", "openai", "`client: openai`") from None
    import httpx2

    ours = ("Content-Type", "Authorization")  # here they are the client's own business
    headers = {name: value for name, value in access.headers.items() if name not in ours}
    common: dict[str, Any] = {
        "api_key": access.key or "none",
        "max_retries": 0,
        "default_headers": headers,
        "default_query": options.default_query,
        "organization": options.organization,
        "project": options.project,
        "http_client": openai.DefaultAsyncHttpxClient(
            follow_redirects=False,  # a redirected POST would leak the key
            limits=httpx2.Limits(max_connections=None),  # the limiter limits what is in flight
            trust_env=not is_loopback(spec.base_url),
            timeout=httpx2.Timeout(
                None,
                connect=spec.connect_timeout_seconds,
                read=spec.idle_timeout_seconds if spec.stream else None,
            ),
        ),
    }
    if options.api_version is not None:
        return openai.AsyncAzureOpenAI(
            azure_endpoint=spec.base_url, api_version=options.api_version, **common
        )
    return openai.AsyncOpenAI(base_url=spec.base_url, **common)


def _signature(access: Access) -> dict[str, Any]:
    """What stands in for the key where there is none: a header of the user's own, or nothing."""
    import openai

    if access.key is not None:
        return {}
    return {"Authorization": access.headers.get("Authorization", openai.Omit())}
