"""Answers by the provider's batch API: cheaper, within a day, and without a latency.

Requests gather into a file, the file becomes a batch, and its lines become answers. What is in
which batch is on disk before anything is waited for (``Ledger``), so a run that was killed finds
its batches again, running or finished, and pays for nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient, ConfigError
from evalsuite.records import Completion, Request, fingerprint
from evalsuite.systems.base import Fitted, Practice
from evalsuite.systems.limits import Limiter
from evalsuite.systems.openai.access import access_of
from evalsuite.systems.openai.batch_api import Batch, BatchApi
from evalsuite.systems.openai.batch_ledger import Ledger, Sent
from evalsuite.systems.openai.bodies import PATHS, body_of
from evalsuite.systems.openai.failures import failure_from, one_line
from evalsuite.systems.openai.findings import Findings
from evalsuite.systems.openai.options import OpenAIOptions, identity_of
from evalsuite.systems.openai.pricing import batch_price_of, with_energy
from evalsuite.systems.openai.reading import completion_from
from evalsuite.systems.openai.template import load_template
from evalsuite.systems.openai.tokens import LocalTokens
from evalsuite.systems.resources import Resources

_NOT_BEGUN, _TOO_MUCH = "batch_failed", "batch_too_large"
_FIRST_LOOK_SECONDS = 1.0
_OLDER_BY = 0.1  # of a batch's age is waited between two looks


class BatchOptions(BaseModel):
    """How requests are put into batches.

    price_factor: what a token costs in a batch, of its stated price.
    requests, megabytes: the most that goes into one file.
    gather_seconds: a file is sent when nothing more has come for so long.
    poll_seconds: the longest time between two looks at a batch.
    in_flight: the most requests that gather and wait at a time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    price_factor: float = Field(default=0.5, gt=0, le=1)
    requests: int = Field(default=10_000, ge=1, le=50_000)
    megabytes: float = Field(default=100, gt=0, le=200)
    gather_seconds: float = Field(default=5, gt=0)
    poll_seconds: float = Field(default=30, gt=0)
    in_flight: int = Field(default=20_000, ge=1)


class _Reply(msgspec.Struct):
    status_code: int
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Line(msgspec.Struct):
    """One line of an output or error file."""

    custom_id: str
    response: _Reply | None = None
    error: dict[str, Any] | None = None


class _Waiting(msgspec.Struct):
    """A request that gathers: its line, and who waits for its answer."""

    custom_id: str
    line: bytes
    answer: asyncio.Future[_Line]


class BatchModel:
    """A model name at an endpoint, asked in batches.

    ``limiter`` says how many answers should be in flight, so that batches fill; the endpoint's
    live limits (``max_concurrency``, requests and tokens a minute) do not concern batches.
    ``timed`` is False: the wall time of an answer is no latency.
    """

    cacheable = True
    timed = False

    def __init__(
        self, spec: OpenAIOptions, resources: Resources, options: BatchOptions | None = None
    ) -> None:
        """Read the key and the ledger; nothing is sent yet. ConfigError where that cannot be."""
        if spec.scores_choices:
            raise ConfigError(
                f"model {spec.model!r}: a batch cannot score choices: write "
                "`choice_score: generate`, or leave out `mode: batch`"
            )
        self._options = options or BatchOptions()
        access = access_of(spec, resources)
        self.name = spec.model
        template = None if spec.chat_template is None else load_template(spec.chat_template)
        self.identity: Mapping[str, Any] = identity_of(
            spec, template.content_hash if template else None
        )
        price = batch_price_of(
            spec,
            self._options.price_factor,
            factor_stated="price_factor" in self._options.model_fields_set,
            say=resources.say_once,
        )
        self.price = with_energy(price, spec)
        self.limiter = Limiter.fixed(self._options.in_flight)
        self._spec = spec
        self._api = BatchApi(spec, access)
        self._ledger = Ledger(resources.folder, fingerprint(self.identity))
        self._findings = Findings(spec, resources.say_once)
        self._tokens = None if spec.tokenizer is None else LocalTokens(spec.tokenizer)
        self._gathered: list[_Waiting] = []
        self._gathered_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = 0
        self._results: dict[Sent, asyncio.Task[dict[str, _Line]]] = {}

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """Answer one request, in hours perhaps; CallFailed where its batch gave no answer."""
        self._findings.tell("batch", "answers come in batches: they have no latency")
        body = body_of(self._spec, request)
        key = fingerprint([request.key, body])
        retries = maybe_billed = 0
        async with self.limiter.slot(0):
            known = await self._known(request, key)
            if known is not None:
                return known
            while True:
                line = await self._gather(self._ledger.new_id(key), body)
                try:
                    return self._read(
                        request, line, retries=retries, maybe_billed_attempts=maybe_billed
                    )
                except CallFailed as failure:
                    maybe_billed += failure.billed is not False
                    if not isinstance(failure, CallTransient) or retries >= self._spec.max_retries:
                        failure.retries = retries
                        failure.billed = None if maybe_billed else failure.billed
                        raise
                    retries += 1

    async def fit(self, practice: Practice) -> Fitted | None:
        """Nothing to learn."""
        return None

    async def close(self) -> None:
        """Stop looking at batches; those that run go on, and the next session finds them."""
        if self._timer is not None:
            self._timer.cancel()
        tasks = [*self._tasks, *self._results.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._api.close()
        self._ledger.close()

    # -- batches of an earlier session ----------------------------------------------------------

    async def _known(self, request: Request, key: str) -> Completion | None:
        """The answer that an earlier session paid for; what failed there is asked anew."""
        while (claimed := self._ledger.claim(key)) is not None:
            sent, custom_id = claimed
            if sent not in self._results:
                self._results[sent] = asyncio.create_task(self._found_again(sent))
            try:
                lines = await asyncio.shield(self._results[sent])
            except (CallFailed, CallRefused) as failure:
                raise _of_everybody(failure) from None
            if custom_id in lines:
                with suppress(CallFailed):
                    return self._read(request, lines[custom_id])
        return None

    async def _found_again(self, sent: Sent) -> dict[str, _Line]:
        """The lines of a batch of an earlier session; none where the endpoint has lost it."""
        try:
            if sent.batch is None:
                begun = await self._api.find(sent.file) or await self._api.create(sent.file)
                await self._ledger.begun(sent, begun.id)
            return await self._lines_of(sent)
        except CallRejected:
            return {}
        except CallRefused as refusal:
            if refusal.kind in ("not_found", _NOT_BEGUN):
                return {}
            raise

    # -- batches of this session ----------------------------------------------------------------

    async def _gather(self, custom_id: str, body: dict[str, Any]) -> _Line:
        """Put a request among those that gather, and wait for its line."""
        url = f"/v1{PATHS[self._spec.api]}"
        content = {"custom_id": custom_id, "method": "POST", "url": url, "body": body}
        line = msgspec.json.encode(content) + b"\n"
        if self._gathered_bytes + len(line) > self._options.megabytes * 1e6:
            self._send_gathered()
        loop = asyncio.get_running_loop()
        waiting = _Waiting(custom_id, line, loop.create_future())
        self._gathered.append(waiting)
        self._gathered_bytes += len(line)
        if self._timer is not None:
            self._timer.cancel()
        if len(self._gathered) >= self._options.requests:
            self._send_gathered()
        else:
            self._timer = loop.call_later(self._options.gather_seconds, self._send_gathered)
        return await waiting.answer

    def _send_gathered(self) -> None:
        # Whoever was cancelled while it gathered is not to be paid for.
        gathered = [waiting for waiting in self._gathered if not waiting.answer.done()]
        self._gathered, self._gathered_bytes = [], 0
        if gathered:
            task = asyncio.create_task(self._answer(gathered))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, gathered: Sequence[_Waiting]) -> None:
        """Send what has gathered as one batch and give everybody who waits its line."""
        try:
            lines = await self._answered(gathered)
        except (CallFailed, CallRefused) as failure:
            for waiting in gathered:
                if not waiting.answer.done():
                    waiting.answer.set_exception(_of_everybody(failure))
            return
        for waiting in gathered:
            if not waiting.answer.done():
                waiting.answer.set_result(lines[waiting.custom_id])

    async def _answered(self, gathered: Sequence[_Waiting]) -> dict[str, _Line]:
        """The lines of a batch of ``gathered``; where that is too much, of a later one."""
        file = await self._api.upload(b"".join([waiting.line for waiting in gathered]))
        sent = Sent(file, [waiting.custom_id for waiting in gathered])
        await self._ledger.uploaded(sent)
        while True:
            begun = await self._api.create(file)
            await self._ledger.begun(sent, begun.id)
            try:
                return await self._lines_of(sent)
            except CallRefused as refusal:
                if refusal.kind != _TOO_MUCH or not self._running:
                    raise
            others = self._tasks - {asyncio.current_task()}
            await asyncio.wait(
                others, timeout=self._options.poll_seconds, return_when=asyncio.FIRST_COMPLETED
            )

    async def _lines_of(self, sent: Sent) -> dict[str, _Line]:
        """Wait for the end of a batch; its lines by custom id, whatever became of the rest."""
        assert sent.batch is not None
        self._running += 1
        try:
            batch = await self._ended(sent.batch)
        finally:
            self._running -= 1
        if batch.status == "failed":
            raise _not_begun(batch)
        lines: dict[str, _Line] = {}
        for file in (batch.error_file_id, batch.output_file_id):
            if file is not None:
                lines |= _lines_in(await self._api.fetch(file))
        left_out = dict.fromkeys(sent.requests, _LEFT_OUT.get(batch.status, _NO_LINE))
        for custom_id, error in left_out.items():
            lines.setdefault(custom_id, _Line(custom_id, error=error))
        return lines

    async def _ended(self, batch_id: str) -> Batch:
        """Look at a batch until it has ended: the older it is, the less often."""
        loop = asyncio.get_running_loop()
        began, longest = loop.time(), self._options.poll_seconds
        while not (batch := await self._api.look(batch_id)).ended:
            wait = max(_FIRST_LOOK_SECONDS, _OLDER_BY * (loop.time() - began))
            await asyncio.sleep(min(wait, longest))
        return batch

    # -- lines ----------------------------------------------------------------------------------

    def _read(self, request: Request, line: _Line, **measured: Any) -> Completion:
        reply = line.response
        if reply is None or line.error:
            raise _failed(line.error or _NO_LINE)
        if reply.status_code != 200:
            raise failure_from(reply.status_code, bytes(reply.body).decode(errors="replace"))
        return completion_from(
            self._spec, request, bytes(reply.body), self._findings, self._tokens, **measured
        )


_NO_LINE = {
    "code": "batch_incomplete",
    "message": "the batch ended without a line for this request",
}
_LEFT_OUT = {
    "expired": {"code": "batch_expired", "message": "the batch expired before this request's turn"},
    "cancelled": {"code": "batch_cancelled", "message": "the batch was cancelled"},
}


def _lines_in(content: bytes) -> dict[str, _Line]:
    decoder = msgspec.json.Decoder(_Line)
    try:
        lines = [decoder.decode(text) for text in content.splitlines() if text.strip()]
    except msgspec.DecodeError as error:
        message = f"a file of the batch cannot be read: {error}"
        raise CallFailed(message, kind="malformed_reply") from None
    return {line.custom_id: line for line in lines}


def _failed(error: Mapping[str, Any]) -> CallFailed:
    """A request that the batch never came to. Providers charge for answers alone."""
    kind = str(error.get("code") or "batch_incomplete")
    billed = None if kind == "batch_incomplete" else False
    return CallFailed(str(error.get("message") or kind), kind=kind, billed=billed)


def _not_begun(batch: Batch) -> CallRefused:
    """A batch that failed its validation: the next one would fail as well.

    But for one that is too much beside those that run already.
    """
    told = batch.errors.data if batch.errors else []
    reason = "; ".join(str(error.get("message") or error.get("code")) for error in told[:3])
    text = f"batch {batch.id} was not begun: {one_line(reason) if reason else 'no reason'}"
    if any(error.get("code") == "token_limit_exceeded" for error in told):
        advice = "fewer `requests` in `batch` make smaller ones"
        return CallRefused(f"{text}; {advice}", kind=_TOO_MUCH)
    return CallRefused(text, kind=_NOT_BEGUN)


def _of_everybody(failure: CallFailed | CallRefused) -> CallFailed | CallRefused:
    """A copy of ``failure`` for one of many who wait; a rejected file is no single request's."""
    if isinstance(failure, (CallRefused, CallRejected)):
        return CallRefused(str(failure), kind=failure.kind)
    return CallFailed(str(failure), kind=failure.kind, billed=failure.billed)
