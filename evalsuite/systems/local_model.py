"""A loaded local language model, asked in micro-batches.

Requests that are in flight together are answered together: while one batch computes on the
device's single worker thread, the next one gathers. A batch holds requests of one kind (choices
to score, or text of one maximal length), first come first served.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from evalsuite.errors import CallFailed, CallRejected
from evalsuite.records import Answer, Completion, Request, Size
from evalsuite.systems import decoding
from evalsuite.systems.base import Fitted, Practice
from evalsuite.systems.completing import chosen, refuse_too_long, row_of, written
from evalsuite.systems.encoding import Encoded, encode
from evalsuite.systems.energy.meter import Reading, Work, energy_fields
from evalsuite.systems.memory import MemoryWatch
from evalsuite.systems.price import Price
from evalsuite.systems.resources import Resources
from evalsuite.systems.sizes import Weights, size_of

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a model computes (``device``, on so many CPU ``threads``) and what it takes up there.

    ``threads`` None leaves their number to torch.
    """

    device: str
    threads: int | None
    memory: MemoryWatch
    weights: Weights


@dataclass(frozen=True, kw_only=True)
class _Pending:
    request: Request
    future: asyncio.Future[Completion]
    enqueued: float

    @property
    def group(self) -> tuple[bool, int]:
        return self.request.choices is not None, self.request.max_output_tokens


@dataclass(frozen=True, kw_only=True)
class _Answered:
    """An answer of a batch; ``first_token_at`` is by ``time.perf_counter``, None without tokens."""

    answer: Answer
    input_tokens: int
    output_tokens: int
    first_token_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class _Took:
    """What a batch of ``size`` answers took together."""

    began: float
    seconds: float
    size: int
    reading: Reading | None


class TransformersModel:
    """A loaded model.

    Text: greedy at temperature 0; above, a token is drawn from the whole tempered distribution by
    a generator seeded with the request's seed, repeat and prompt, so that a sampled answer does
    not depend on what it was batched with. ``token_logprobs`` include the end token, which is
    also among the ``output_tokens``. Text ends before the first stop string.

    Choices: each is read as a continuation of the prompt (``evalsuite.systems.encoding``). Its
    score is the sum of its tokens' log-probabilities, not normalised by length;
    ``probabilities`` are the softmax of the scores, and the answer is the likeliest choice.
    ``input_tokens`` counts all that was read (the prompt once, and every continuation);
    ``output_tokens`` is 0, because nothing was generated.

    ``service_seconds`` is the time of the whole batch, since no answer leaves before it ends;
    ``first_token_seconds`` is from its start until the first token was computed, None where nothing
    was generated. ``machine_seconds`` is that time divided by the number of answers in the batch,
    and so is the energy that was counted meanwhile.
    """

    def __init__(
        self,
        name: str,
        decoder: decoding.Decoder,
        resources: Resources,
        *,
        price: Price,
        identity: Mapping[str, Any],
        place: Place,
        batch_size: int,
        max_wait_seconds: float,
    ) -> None:
        """Built by ``TransformersSpec.open``."""
        self.name = name
        self.identity = identity
        self.price = price
        self.parameters: int = place.weights.parameters
        self._batch_size = batch_size
        self._max_wait_seconds = max_wait_seconds
        self._decoder = decoder
        self._resources = resources
        self._place = place
        self._device = place.device
        self._num_threads = place.threads
        self._waiting: list[_Pending] = []
        self._lock = threading.Lock()
        self._collector: asyncio.Task[None] | None = None

    async def complete(self, request: Request, fitted: Fitted | None) -> Completion:
        """Answer ``request`` in the next batch; CallRejected (context_too_long, out_of_memory)."""
        loop = asyncio.get_running_loop()
        pending = _Pending(
            request=request, future=loop.create_future(), enqueued=time.perf_counter()
        )
        with self._lock:
            self._waiting.append(pending)
        if self._collector is None or self._collector.done():
            self._collector = loop.create_task(self._collect())
        return await pending.future

    @property
    def decoder(self) -> decoding.Decoder:
        """The model at the level of tokens; to be used on its device's thread only."""
        return self._decoder

    @property
    def size(self) -> Size:
        """What it takes up, as far as that has been seen."""
        return size_of(self._place.weights, self._place.memory)

    async def on_device(self, work: Callable[[], T]) -> tuple[float, float, T, Reading | None]:
        """Do ``work`` on the device's thread.

        Seconds it waited for its turn and took, its result, and its energy where it is counted.
        Running out of memory is CallRejected.
        """
        asked = time.perf_counter()

        def timed() -> tuple[float, float, T, Reading | None]:
            try:
                with self._counted() as measured:
                    began = time.perf_counter()
                    result = work()
                    seconds = time.perf_counter() - began
            except Exception as error:
                raise _as_failure(error, 1) from error
            return began - asked, seconds, result, measured.reading

        worker = self._resources.worker(self._device)
        return await asyncio.get_running_loop().run_in_executor(worker, timed)

    async def fit(self, practice: Practice) -> Fitted | None:
        """Nothing to learn."""
        return None

    async def close(self) -> None:
        """Wait until nothing is being answered."""
        if self._collector is not None:
            await self._collector

    async def _collect(self) -> None:
        """Send batch after batch to the device until nothing waits."""
        loop = asyncio.get_running_loop()
        worker = self._resources.worker(self._device)
        await asyncio.sleep(self._max_wait_seconds)
        while self._waiting:
            try:
                answered = await loop.run_in_executor(worker, self._answer_next)
            except RuntimeError as error:  # the device was closed: nobody may wait for ever
                answered = [(pending, error) for pending in self._waiting]
                self._waiting = []
            for pending, result in answered:
                if pending.future.done():  # the caller gave up meanwhile
                    continue
                if isinstance(result, Completion):
                    pending.future.set_result(result)
                else:
                    pending.future.set_exception(result)

    @contextmanager
    def _counted(self) -> Iterator[Work]:
        """Compute with this model's threads, and count energy and memory meanwhile."""
        with (
            compute_threads(self._num_threads),
            self._place.memory.working(),
            self._resources.meter.measure(self._device) as measured,
        ):
            yield measured

    def _answer_next(self) -> list[tuple[_Pending, Completion | Exception]]:
        """On the worker thread: take the next batch, which may have grown meanwhile, and answer."""
        batch = self._take()
        requests = [pending.request for pending in batch]
        try:
            with self._counted() as measured:
                began = time.perf_counter()
                results = self._answers(requests)
                seconds = time.perf_counter() - began
        except Exception as error:  # whatever it is, the callers get it, not the collector
            return [(pending, _as_failure(error, len(batch))) for pending in batch]
        size = sum(isinstance(result, _Answered) for result in results)
        took = _Took(began=began, seconds=seconds, size=size, reading=measured.reading)
        return [
            (pending, _completion(result, pending, took))
            for pending, result in zip(batch, results, strict=True)
        ]

    def _take(self) -> list[_Pending]:
        with self._lock:
            self._waiting = [pending for pending in self._waiting if not pending.future.done()]
            group = self._waiting[0].group if self._waiting else None
            same = [pending for pending in self._waiting if pending.group == group]
            batch = same[: self._batch_size]
            self._waiting = [pending for pending in self._waiting if pending not in batch]
        return batch

    def _answers(self, requests: Sequence[Request]) -> list[_Answered | CallFailed]:
        """An answer or a refusal for each of ``requests``, which are of one group."""
        tokens = [encode(request, self._decoder.tokenizer) for request in requests]
        for note in {note for encoded in tokens for note in encoded.notes}:
            self._resources.say_once(f"{self.name}: {note}")
        pairs = list(zip(requests, tokens, strict=True))
        refusals = [self._refusal(encoded) for encoded in tokens]
        fitting = [pair for pair, no in zip(pairs, refusals, strict=True) if no is None]
        answer = self._choose if requests and requests[0].choices else self._generate
        answered = iter(answer(fitting) if fitting else ())
        return [refusal or next(answered) for refusal in refusals]

    def _refusal(self, encoded: Encoded) -> CallRejected | None:
        """Why ``encoded`` cannot be answered; None where it can."""
        try:
            refuse_too_long(encoded, self._decoder.context, self.name)
        except CallRejected as refusal:
            return refusal
        return None

    def _generate(self, pairs: Sequence[tuple[Request, Encoded]]) -> list[_Answered]:
        context = self._decoder.context
        rows = [row_of(request, encoded.prompt, context) for request, encoded in pairs]
        return [
            _Answered(
                answer=written(self._decoder, row, result),
                input_tokens=len(row.prompt),
                output_tokens=len(result.tokens),
                first_token_at=result.first_token_at,
            )
            for row, result in zip(rows, self._decoder.generate(rows), strict=True)
        ]

    def _choose(self, pairs: Sequence[tuple[Request, Encoded]]) -> list[_Answered]:
        scored = self._decoder.score(
            [encoded.prompt for _, encoded in pairs], [encoded.choices for _, encoded in pairs]
        )
        return [
            _Answered(
                answer=chosen(request.choices or (), logprobs),
                input_tokens=len(encoded.prompt) + sum(map(len, encoded.choices)),
                output_tokens=0,
            )
            for (request, encoded), logprobs in zip(pairs, scored, strict=True)
        ]


def _completion(
    result: _Answered | CallFailed, pending: _Pending, took: _Took
) -> Completion | CallFailed:
    """One answer of a batch with its share of what that took; a failure is passed on."""
    if isinstance(result, CallFailed):
        return result
    first = result.first_token_at
    return Completion(
        answer=result.answer,
        input_tokens=result.input_tokens,
        output_tokens=result.output_tokens,
        tokens_counted_by="local",
        queue_seconds=took.began - pending.enqueued,
        first_token_seconds=None if first is None else first - took.began,
        service_seconds=took.seconds,
        machine_seconds=took.seconds / took.size,
        batch_size=took.size,
        **energy_fields(took.reading, 1 / took.size),
    )


@contextmanager
def compute_threads(count: int | None) -> Iterator[None]:
    """Compute with ``count`` CPU threads meanwhile; models of one device share its thread."""
    import torch

    if count is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _as_failure(error: Exception, size: int) -> Exception:
    """Running out of memory is a failed call; anything else is a bug and stays what it is."""
    import torch

    if not isinstance(error, torch.cuda.OutOfMemoryError):
        return error
    message = f"the device ran out of memory on a batch of {size}: lower `batch_size`"
    return CallRejected(message, kind="out_of_memory")
