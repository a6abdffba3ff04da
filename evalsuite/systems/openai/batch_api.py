"""Files and batches of an OpenAI-compatible endpoint: upload, create, look, fetch.

What goes wrong is typed as for any other call. A failure that may pass is tried again for up to an
hour, because a batch that has been paid for is worth waiting for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from evalsuite.errors import CallFailed, CallRefused, CallTransient
from evalsuite.systems.openai.access import Access, is_loopback
from evalsuite.systems.openai.bodies import PATHS
from evalsuite.systems.openai.failures import (
    failure_from,
    malformed,
    one_line,
    retry_after_seconds,
)
from evalsuite.systems.openai.options import OpenAIOptions

if TYPE_CHECKING:
    import aiohttp

_PATIENCE_SECONDS = 3600.0
_MOST_PAGES = 20
ResultT = TypeVar("ResultT")


class BatchErrors(msgspec.Struct):
    """Why a batch was not begun."""

    data: list[dict[str, Any]] = []


class Batch(msgspec.Struct):
    """A batch as the endpoint describes it; files are named where they exist."""

    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: BatchErrors | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ("completed", "failed", "expired", "cancelled")


class _File(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    data: list[Batch]
    has_more: bool = False


class BatchApi:
    """A connection to the files and batches of one account."""

    def __init__(self, spec: OpenAIOptions, access: Access) -> None:
        """Nothing is sent yet."""
        self._spec = spec
        self._access = access
        self._session: aiohttp.ClientSession | None = None

    async def upload(self, lines: bytes) -> str:
        """Upload requests, JSON Lines, and return the file's id."""

        async def send() -> bytes:
            import aiohttp

            form = aiohttp.FormData()
            form.add_field("purpose", "batch")
            form.add_field(
                "file", lines, filename="requests.jsonl", content_type="application/jsonl"
            )
            return await self._send("POST", "/files", data=form)

        return _read(await self._patiently(send), _File).id

    async def create(self, file_id: str) -> Batch:
        """Begin the batch of an uploaded file; one that is there already is taken, not doubled."""
        body = {
            "input_file_id": file_id,
            "endpoint": f"/v1{PATHS[self._spec.api]}",
            "completion_window": "24h",
        }
        tried = False

        async def begin() -> Batch:
            nonlocal tried
            begun = await self._found(file_id) if tried else None
            tried = True
            if begun is not None:
                return begun
            return _read(await self._send("POST", "/batches", json=body), Batch)

        return await self._patiently(begin)

    async def find(self, file_id: str) -> Batch | None:
        """The batch of an uploaded file; None where it was never begun."""
        return await self._patiently(lambda: self._found(file_id))

    async def look(self, batch_id: str) -> Batch:
        """The batch as it is now. CallRefused (not_found) where there is none of that name."""
        return _read(
            await self._patiently(lambda: self._send("GET", f"/batches/{batch_id}")), Batch
        )

    async def fetch(self, file_id: str) -> bytes:
        """The content of a file, without our secrets in it."""
        return await self._patiently(lambda: self._send("GET", f"/files/{file_id}/content"))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _found(self, file_id: str) -> Batch | None:
        after = ""
        for _ in range(_MOST_PAGES):
            page = _read(await self._send("GET", f"/batches?limit=100{after}"), _Page)
            for batch in page.data:
                if batch.input_file_id == file_id:
                    return batch
            if not page.has_more or not page.data:
                break
            after = f"&after={page.data[-1].id}"
        return None

    async def _patiently(self, make: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Try ``make`` until it succeeds, fails for good, or an hour has gone by."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        pause = self._spec.backoff_seconds
        while True:
            try:
                return await make()
            except CallTransient as failure:
                wait = max(pause, failure.retry_after_seconds or 0.0)
                if time.monotonic() + wait > give_up:
                    raise
            await asyncio.sleep(wait)
            pause = min(2 * pause, self._spec.max_backoff_seconds)

    async def _send(self, method: str, path: str, **content: Any) -> bytes:
        import aiohttp

        problem: CallFailed | CallRefused
        try:
            async with self._opened().request(
                method, self._spec.base_url + path, allow_redirects=False, **content
            ) as reply:
                received = self._access.cleaned(await reply.read())
                if reply.status == 200:
                    return received
                text = received.decode(errors="replace")
                problem = failure_from(reply.status, text, retry_after_seconds(reply.headers))
        except TimeoutError:
            message = f"no answer within {self._spec.timeout_seconds:g} s"
            problem = CallTransient(message, kind="timeout")
        except (aiohttp.ClientError, OSError) as error:
            text = self._access.cleaned(f"{type(error).__name__}: {error}".encode()).decode()
            problem = CallTransient(one_line(text), kind="connection")
        raise problem

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            # An upload is a form, and has its own content type.
            headers = {k: v for k, v in self._access.headers.items() if k != "Content-Type"}
            self._session = aiohttp.ClientSession(
                headers=headers,
                timeout=aiohttp.ClientTimeout(
                    sock_connect=self._spec.connect_timeout_seconds,
                    sock_read=self._spec.timeout_seconds,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=not is_loopback(self._spec.base_url),
            )
        return self._session


def _read(content: bytes, kind: type[ResultT]) -> ResultT:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(content.decode(errors="replace")) from None
