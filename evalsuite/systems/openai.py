"""Models behind an OpenAI-compatible endpoint (Chat Completions), over aiohttp.

aiohttp rather than the vendor's client: it takes a tenth of the CPU time per request, so a loaded
client does not show up as a slow model, and no retry is hidden in it.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from msgspec.structs import replace
from pydantic import Field, field_validator

from evalsuite.errors import CallFailed, CallTransient, ConfigError
from evalsuite.records import Completion, Request, fingerprint
from evalsuite.systems.base import Devices, Fitted, ModelSpec, Practice
from evalsuite.systems.openai_reply import completion_from, failure_from, retry_after_seconds
from evalsuite.systems.price import Price

if TYPE_CHECKING:
    import aiohttp

LONGEST_BACKOFF_SECONDS = 30.0


class OpenAISpec(ModelSpec):
    """A model behind a Chat Completions endpoint.

    api_key_env: environment variable that holds the key; null for an endpoint without one. A
        loopback endpoint may go without.
    timeout_seconds: of one attempt, from sending to the last byte.
    max_retries: further attempts after a transient failure (429, 5xx, timeout, lost connection,
        broken reply), ``backoff_seconds`` x 2^attempt apart, half of it random, or as long as the
        server asks for where that is at most half a minute.
    extra: further fields of the request body; they replace ours, and null removes one of ours
        (``temperature: null`` for a model that accepts none).
    logprobs: ask for the log-probabilities of the tokens.
    usd_per_million_...: prices; unknown where not given.
    """

    backend: Literal["openai"] = "openai"
    model: str
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str | None = "OPENAI_API_KEY"
    timeout_seconds: float = Field(120.0, gt=0)
    max_retries: int = Field(4, ge=0)
    backoff_seconds: float = Field(0.5, gt=0)
    extra: dict[str, Any] = Field(default_factory=dict)
    logprobs: bool = False
    usd_per_million_input_tokens: float | None = Field(None, ge=0)
    usd_per_million_cached_input_tokens: float | None = Field(None, ge=0)
    usd_per_million_output_tokens: float | None = Field(None, ge=0)

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("write it as http(s)://host[:port]/v1")
        if parts.username or parts.password or parts.query:
            raise ValueError("a key belongs in the environment (`api_key_env`), not in the address")
        return url.rstrip("/")

    def open(self, devices: Devices) -> OpenAIModel:
        """Read the key; nothing is sent yet. ConfigError where the key is missing."""
        key = os.environ.get(self.api_key_env) if self.api_key_env else None
        if self.api_key_env and not key and not _is_loopback(self.base_url):
            raise ConfigError(
                f"model {self.model!r} needs a key: set the environment variable "
                f"{self.api_key_env}, or write `api_key_env: null` if the endpoint wants none"
            )
        return OpenAIModel(self, key)


class OpenAIModel:
    """An endpoint and a model name. One connection pool, opened with the first request.

    ``service_seconds`` is the time of the attempt that was answered; earlier attempts and the
    waits between them (``backoff_seconds``) are in the call's wall time alone. Choices are not
    scored: the task's prompt states them and the text is matched to them later.
    """

    def __init__(self, spec: OpenAISpec, key: str | None) -> None:
        """``key`` stays in here: it is in no record, message or representation."""
        self.name = spec.model
        self.identity: Mapping[str, Any] = {
            "base_url": spec.base_url,
            "model": spec.model,
            "extra": spec.extra,
            "logprobs": spec.logprobs,
        }
        self.price = Price(
            usd_per_million_input_tokens=spec.usd_per_million_input_tokens,
            usd_per_million_cached_input_tokens=spec.usd_per_million_cached_input_tokens,
            usd_per_million_output_tokens=spec.usd_per_million_output_tokens,
            source="" if spec.usd_per_million_input_tokens is None else "stated in the experiment",
        )
        self._spec = spec
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """Ask, and ask again after a transient failure; CallFailed when all attempts are used."""
        retries, waited, maybe_billed = 0, 0.0, 0
        while True:
            try:
                completion = await self._attempt(request)
            except CallFailed as failure:
                maybe_billed += failure.billed is not False
                pause = self._pause(failure, retries)
                if pause is None:
                    failure.retries, failure.backoff_seconds = retries, waited
                    failure.billed = None if maybe_billed else failure.billed
                    raise
                await asyncio.sleep(pause)
                retries, waited = retries + 1, waited + pause
            else:
                return replace(
                    completion,
                    retries=retries,
                    backoff_seconds=waited,
                    maybe_billed_attempts=maybe_billed,
                )

    async def fit(self, practice: Practice) -> Fitted | None:
        """Nothing to learn."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON body that is sent for ``request``."""
        length = "max_tokens"
        if urlsplit(self._spec.base_url).hostname == "api.openai.com":
            length = "max_completion_tokens"  # its reasoning models refuse the older name
        body: dict[str, Any] = {
            "model": self._spec.model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in request.messages],
            "temperature": request.temperature,
            length: request.max_output_tokens,
        }
        if request.temperature > 0:
            body["seed"] = int(fingerprint([request.seed, request.repeat]), 16) % 2**31
        if request.stop:
            body["stop"] = list(request.stop)
        if self._spec.logprobs:
            body["logprobs"] = True
        body |= self._spec.extra
        return {name: value for name, value in body.items() if value is not None}

    async def _attempt(self, request: Request) -> Completion:
        import aiohttp

        began = time.perf_counter()
        try:
            async with self._open_session().post(
                f"{self._spec.base_url}/chat/completions",
                json=self.body(request),
                allow_redirects=False,  # a redirected POST would lose its body or leak its key
            ) as reply:
                content = await reply.read()
        except TimeoutError:
            message = f"no answer within {self._spec.timeout_seconds:g} s"
            raise CallTransient(message, kind="timeout") from None
        except aiohttp.ClientConnectorError as error:
            raise CallTransient(self._safe(error), kind="connection", billed=False) from None
        except aiohttp.ClientError as error:
            raise CallTransient(self._safe(error), kind="connection") from None
        seconds = time.perf_counter() - began
        if reply.status != 200:
            wait = retry_after_seconds(reply.headers)
            raise failure_from(reply.status, self._safe(content.decode(errors="replace")), wait)
        return completion_from(content, seconds, self._safe)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
            self._session = aiohttp.ClientSession(
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=self._spec.timeout_seconds),
                connector=aiohttp.TCPConnector(limit=0),  # the engine limits what is in flight
                trust_env=not _is_loopback(self._spec.base_url),
            )
        return self._session

    def _pause(self, failure: CallFailed, retries: int) -> float | None:
        """Seconds to wait before another attempt; None where there should be none."""
        if not isinstance(failure, CallTransient) or retries >= self._spec.max_retries:
            return None
        asked = failure.retry_after_seconds
        if asked is not None:
            return asked if asked <= LONGEST_BACKOFF_SECONDS else None
        pause = min(self._spec.backoff_seconds * 2.0**retries, LONGEST_BACKOFF_SECONDS)
        return pause * random.uniform(0.5, 1.0)

    def _safe(self, message: object) -> str:
        """``message`` without our key, which some servers echo."""
        text = str(message)
        return text.replace(self._key, "***") if self._key else text


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
