"""A model behind an endpoint: asked, asked again after a transient failure, timed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import msgspec

from evalsuite.errors import CallFailed, CallTransient
from evalsuite.records import Answer, Completion, Request
from evalsuite.systems.base import Fitted, Practice
from evalsuite.systems.limits import Slot
from evalsuite.systems.openai.access import access_of
from evalsuite.systems.openai.bodies import body_of, streamed, with_extra
from evalsuite.systems.openai.completions import echo_body
from evalsuite.systems.openai.connection import Connection, Received
from evalsuite.systems.openai.failures import Congested
from evalsuite.systems.openai.findings import Findings
from evalsuite.systems.openai.loglikelihood import Echo, best_choice, echo_from, echoes_of
from evalsuite.systems.openai.options import OpenAIOptions, identity_of
from evalsuite.systems.openai.pricing import price_of, with_energy
from evalsuite.systems.openai.reading import completion_from, completion_of
from evalsuite.systems.openai.template import load_template
from evalsuite.systems.openai.tokens import LocalTokens
from evalsuite.systems.price import TOKENS_PER_IMAGE
from evalsuite.systems.resources import Resources


class Asked(msgspec.Struct):
    """One thing to ask: the JSON to send, the tokens it may take, and the echo that is wanted."""

    request: Request
    body: dict[str, Any]
    sent: bytes
    tokens: int
    echo: Echo | None = None


class SoFar(msgspec.Struct):
    """What earlier attempts took."""

    retries: int = 0
    backoff_seconds: float = 0.0
    queue_seconds: float = 0.0
    maybe_billed: int = 0


class OpenAIModel:
    """A model name at an endpoint.

    ``service_seconds`` is the time of the attempt that was answered, ``queue_seconds`` the waiting
    for turns, ``backoff_seconds`` that between attempts. Where choices are scored, each is a
    request of its own and all are asked at once: of the times, the longest counts.
    """

    cacheable = True

    def __init__(self, spec: OpenAIOptions, resources: Resources) -> None:
        """Read the key; nothing is sent yet. ConfigError where something is missing."""
        self._access = access_of(spec, resources)
        template = None if spec.chat_template is None else load_template(spec.chat_template)
        self.name = spec.model
        self.identity: Mapping[str, Any] = identity_of(
            spec, template.content_hash if template else None
        )
        self.price = with_energy(price_of(spec, resources.say_once), spec)
        self.limiter = resources.limiter(endpoint_of(spec))
        self.limiter.cap(
            concurrency=spec.max_concurrency,
            requests_per_minute=spec.requests_per_minute,
            tokens_per_minute=spec.tokens_per_minute,
        )
        self._spec = spec
        self._connection = Connection(spec, self._access)
        self._findings = Findings(spec, resources.say_once)
        self._tokens = None if spec.tokenizer is None else LocalTokens(spec.tokenizer)
        self._streams_usage = spec.stream

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """Answer one request; CallFailed when all attempts are used, CallRefused at once."""
        if request.choices and self._spec.scores_choices:
            return await self._choose(request)
        return await self._ask(self._asked(request, body_of(self._spec, request)))

    def requests_for(self, request: Request) -> int:
        """How many times the prompt of ``request`` is sent: once for each choice that is scored."""
        return len(request.choices) if request.choices and self._spec.scores_choices else 1

    async def fit(self, practice: Practice) -> Fitted | None:
        """Nothing to learn."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    def _asked(self, request: Request, body: dict[str, Any], echo: Echo | None = None) -> Asked:
        if self._spec.stream and echo is None:
            body = streamed(self._spec, body, usage=self._streams_usage)
        sent = msgspec.json.encode(body)
        tokens = len(sent) + (request.max_output_tokens if echo is None else 1)
        for turn in request.messages:
            if turn.images:
                tokens += len(turn.images) * TOKENS_PER_IMAGE - sum(map(len, turn.images))
        return Asked(request, body, sent, tokens, echo)

    async def _ask(self, asked: Asked) -> Completion:
        """Attempt after attempt, until one is answered or may not be tried again."""
        so_far = SoFar()
        while True:
            slot = self.limiter.slot(asked.tokens)
            try:
                return await self._attempt(asked, slot, so_far)
            except CallFailed as failure:
                so_far.queue_seconds += slot.queue_seconds
                if self._refuses_usage(failure, asked):
                    continue
                so_far.maybe_billed += failure.billed is not False
                pause = self._pause(failure, so_far.retries)
                if pause is None:
                    failure.retries = so_far.retries
                    failure.backoff_seconds = so_far.backoff_seconds
                    failure.billed = None if so_far.maybe_billed else failure.billed
                    raise
            await asyncio.sleep(pause)
            so_far.retries += 1
            so_far.backoff_seconds += pause

    async def _attempt(self, asked: Asked, slot: Slot, so_far: SoFar) -> Completion:
        async with slot:
            try:
                received = await self._connection.send(asked.sent, slot)
                completion = self._read(
                    asked,
                    received,
                    queue_seconds=so_far.queue_seconds + slot.queue_seconds,
                    service_seconds=received.seconds,
                    first_token_seconds=received.first_token_seconds,
                    retries=so_far.retries,
                    backoff_seconds=so_far.backoff_seconds,
                    maybe_billed_attempts=so_far.maybe_billed,
                )
            except Congested as failure:
                wait = failure.retry_after_seconds
                slot.congested(wait if self._bearable(wait) else None)
                raise
            if completion.input_tokens is not None and completion.output_tokens is not None:
                slot.used(completion.input_tokens + completion.output_tokens)
        return completion

    def _read(self, asked: Asked, received: Received, **measured: Any) -> Completion:
        spec, findings = self._spec, self._findings
        if asked.echo is not None:
            return echo_from(spec, asked.echo, received.content, findings, **measured)
        if received.streamed is None:
            if spec.stream:
                findings.tell("stream", "a stream was asked for; the answers come in one piece")
            return completion_from(
                spec, asked.request, received.content, findings, self._tokens, **measured
            )
        if not spec.stream:
            findings.tell("stream", "the answers are streamed, although that was not asked for")
        return self._without_secrets(
            completion_of(
                spec, asked.request, received.streamed, findings, self._tokens, **measured
            )
        )

    def _without_secrets(self, completion: Completion) -> Completion:
        """A key that was echoed in pieces is whole again once the stream is put together."""
        encoded = msgspec.json.encode(completion.answer)
        clean = self._access.cleaned(encoded)
        if clean is encoded:
            return completion
        answer = msgspec.json.decode(clean, type=Answer)
        return msgspec.structs.replace(completion, answer=answer)

    def _refuses_usage(self, failure: CallFailed, asked: Asked) -> bool:
        """Whether the endpoint takes no ``stream_options``; then they are left out from now on."""
        if "stream_options" not in asked.body or failure.kind != "bad_request":
            return False
        if "stream_options" not in str(failure) and "include_usage" not in str(failure):
            return False
        self._streams_usage = False
        self._findings.tell("include_usage", "streams cannot be asked for token counts")
        del asked.body["stream_options"]
        asked.sent = msgspec.json.encode(asked.body)
        return True

    def _pause(self, failure: CallFailed, retries: int) -> float | None:
        """Seconds to wait before another attempt; None where there should be none.

        The full jitter of Brooker, "Exponential Backoff And Jitter" (AWS, 2015): anything up to
        the exponential delay, so that callers who failed together do not come back together.
        """
        spec = self._spec
        if not isinstance(failure, CallTransient) or retries >= spec.max_retries:
            return None
        if not self._bearable(failure.retry_after_seconds):
            return None
        asked = failure.retry_after_seconds or 0.0
        delay = min(spec.backoff_seconds * 2.0**retries, spec.max_backoff_seconds)
        jitter = random.uniform(0.0, delay)
        return asked + (min(jitter, 0.1 * asked) if asked else jitter)

    def _bearable(self, wait_seconds: float | None) -> bool:
        return wait_seconds is None or wait_seconds <= self._spec.max_backoff_seconds

    async def _choose(self, request: Request) -> Completion:
        """Score every choice in a request of its own and take the likeliest."""
        asked = [
            self._asked(request, with_extra(self._spec, echo_body(self._spec, echo.text)), echo)
            for echo in echoes_of(self._spec, request, self._findings)
        ]
        results = await asyncio.gather(*map(self._ask, asked), return_exceptions=True)
        problems = [result for result in results if isinstance(result, BaseException)]
        failures = [one for one in problems if isinstance(one, CallFailed)]
        for problem in problems:
            if not isinstance(problem, CallFailed):
                raise problem
        if failures:
            answered = len(failures) < len(results)
            if answered or any(one.billed is not False for one in failures):
                failures[0].billed = None  # something of this call was paid for, or may have been
            raise failures[0]
        completions = [result for result in results if isinstance(result, Completion)]
        return best_choice(self._spec.choice_score, request.choices or (), completions)


def endpoint_of(spec: OpenAIOptions) -> str:
    """What shares its limits: the address and the account."""
    return f"{spec.base_url}|{spec.api_key_env or ''}"
