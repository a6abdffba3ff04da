"""Local language models through Hugging Face transformers, answered in micro-batches.

Requests that are in flight together are answered together: while one batch computes on the
device's single worker thread, the next one gathers. A batch holds requests of one kind (choices
to score, or text of one maximal length), first come first served.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field

from evalsuite.errors import CallFailed, CallRejected, ConfigError, ExtraMissing
from evalsuite.records import Completion, Request
from evalsuite.systems import decoding
from evalsuite.systems.base import Fitted, ModelSpec, Practice
from evalsuite.systems.completing import chosen, refuse_too_long, row_of, written
from evalsuite.systems.encoding import Encoded, encode
from evalsuite.systems.price import Price, machine_price
from evalsuite.systems.resources import Resources

EMBEDDED = "embedded/"
T = TypeVar("T")


class TransformersSpec(ModelSpec):
    """A causal language model run in this process.

    model: a local folder, a hub id, or ``embedded/<name>`` for one shipped with the package.
    revision: commit, tag or branch of a hub id.
    device: "cpu", "cuda", "cuda:1" ...; "auto" takes the first GPU where there is one.
    dtype: None is float32 on the CPU and the checkpoint's own type elsewhere. Only in float32 is
        an answer sure to be the same whatever it was batched with.
    batch_size: most requests computed together.
    max_wait_seconds: how long the first request of a batch waits for others to join it.
    threads: CPU threads; None leaves the choice to torch, save for embedded models, which take one:
        on matrices this small, threads mostly wait for each other (half the speed with two).
    usd_per_machine_hour, watts: price and power of the machine; None is unknown, save for
        embedded models, which any small machine runs and whose price is an assumption, marked so.

    A chat template is used where the tokenizer has one; otherwise the contents of the messages
    are joined by blank lines. Where a request has choices, they are scored and nothing is
    generated: see ``TransformersModel``.
    """

    backend: Literal["transformers"] = "transformers"
    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] | None = None
    batch_size: int = Field(16, ge=1)
    max_wait_seconds: float = Field(0.002, ge=0)
    threads: int | None = Field(None, ge=1)
    usd_per_machine_hour: float | None = Field(None, ge=0)
    watts: float | None = Field(None, ge=0)

    def open(self, resources: Resources) -> TransformersModel:
        """Load weights and tokenizer and compute one token, so that no sample pays for set-up."""
        try:
            import torch
            import transformers
        except ImportError as error:
            missing = error.name or "transformers"
            raise ExtraMissing(missing, "hf", f"the local model {self.model}") from None
        logging: Any = transformers.utils.logging
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        device = _device(self.device, torch.cuda.is_available(), torch.cuda.device_count())
        folder = self._folder()
        decoder = self._load(folder or self.model, device, local=folder is not None)
        price = machine_price(
            self.usd_per_machine_hour, self.watts, assume=self.model.startswith(EMBEDDED)
        )
        model = TransformersModel(
            self, decoder, resources, device, price, self._identity(decoder, folder)
        )
        decoder.generate([decoding.Row(prompt=[0], max_new_tokens=1)])
        return model

    def _folder(self) -> Path | None:
        """The local folder of the model; None for a hub id."""
        if self.model.startswith(EMBEDDED):
            from evalsuite.embedded import model_path

            try:
                return model_path(self.model.removeprefix(EMBEDDED))
            except KeyError as error:
                raise ConfigError(str(error.args[0])) from None
        folder = Path(self.model).expanduser()
        if folder.is_dir():
            return folder
        if self.model.startswith((".", "/", "~")):
            raise ConfigError(f"model {self.model!r}: there is no such folder")
        return None

    def _load(self, source: Path | str, device: str, *, local: bool) -> decoding.Decoder:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        dtype = self.dtype or ("float32" if device == "cpu" else "auto")
        where: dict[str, Any] = {"local_files_only": local}
        if not local and self.revision:
            where["revision"] = self.revision
        try:
            tokenizer = AutoTokenizer.from_pretrained(source, **where)
            model: Any = AutoModelForCausalLM.from_pretrained(
                source, dtype=dtype if dtype == "auto" else getattr(torch, dtype), **where
            )
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            advice = "" if local else ": check the name and the network, or give a local folder"
            raise ConfigError(f"model {self.model!r} cannot be loaded ({reason}){advice}") from None
        model.to(device)
        model.eval()
        return decoding.Decoder(model, tokenizer)

    def _identity(self, decoder: decoding.Decoder, folder: Path | None) -> dict[str, Any]:
        commit = getattr(decoder.model.config, "_commit_hash", None)
        return {
            "hub_id": self.model if folder is None else None,
            "content": content_hash(folder) if folder else commit or self.revision,
            "dtype": str(decoder.model.dtype).removeprefix("torch."),
            "device": decoder.model.device.type,
            "decoding": decoding.VERSION,
        }


@dataclass(frozen=True, kw_only=True)
class _Pending:
    request: Request
    future: asyncio.Future[Completion]
    enqueued: float

    @property
    def group(self) -> tuple[bool, int]:
        return self.request.choices is not None, self.request.max_output_tokens


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
    ``machine_seconds`` is that time divided by the batch size.
    """

    def __init__(
        self,
        spec: TransformersSpec,
        decoder: decoding.Decoder,
        resources: Resources,
        device: str,
        price: Price,
        identity: Mapping[str, Any],
    ) -> None:
        """Built by ``TransformersSpec.open``."""
        self.name = spec.model
        self.identity = identity
        self.price = price
        self.parameters: int = decoder.model.num_parameters()
        self._spec = spec
        self._decoder = decoder
        self._resources = resources
        self._device = device
        self._num_threads = spec.threads or (1 if spec.model.startswith(EMBEDDED) else None)
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

    async def on_device(self, work: Callable[[], T]) -> tuple[float, float, T]:
        """Do ``work`` on the device's thread: seconds it waited for its turn and took, its result.

        Running out of memory is CallRejected.
        """
        asked = time.perf_counter()

        def timed() -> tuple[float, float, T]:
            began = time.perf_counter()
            try:
                with _threads(self._num_threads):
                    result = work()
            except Exception as error:
                raise _as_failure(error, 1) from error
            return began - asked, time.perf_counter() - began, result

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
        await asyncio.sleep(self._spec.max_wait_seconds)
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

    def _answer_next(self) -> list[tuple[_Pending, Completion | Exception]]:
        """On the worker thread: take the next batch, which may have grown meanwhile, and answer."""
        batch = self._take()
        began = time.perf_counter()
        requests = [pending.request for pending in batch]
        try:
            with _threads(self._num_threads):
                results = self._answers(requests)
        except Exception as error:  # whatever it is, the callers get it, not the collector
            return [(pending, _as_failure(error, len(batch))) for pending in batch]
        seconds = time.perf_counter() - began
        return [
            (pending, self._timed(result, began - pending.enqueued, seconds, len(batch)))
            for pending, result in zip(batch, results, strict=True)
        ]

    def _take(self) -> list[_Pending]:
        with self._lock:
            self._waiting = [pending for pending in self._waiting if not pending.future.done()]
            group = self._waiting[0].group if self._waiting else None
            same = [pending for pending in self._waiting if pending.group == group]
            batch = same[: self._spec.batch_size]
            self._waiting = [pending for pending in self._waiting if pending not in batch]
        return batch

    def _timed(
        self, result: Completion | CallFailed, queued: float, seconds: float, size: int
    ) -> Completion | CallFailed:
        if isinstance(result, CallFailed):
            return result
        return Completion(
            answer=result.answer,
            input_tokens=result.input_tokens,
            output_tokens=result.output_tokens,
            tokens_counted_by="local",
            queue_seconds=queued,
            service_seconds=seconds,
            machine_seconds=seconds / size,
            batch_size=size,
        )

    def _answers(self, requests: Sequence[Request]) -> list[Completion | CallFailed]:
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

    def _generate(self, pairs: Sequence[tuple[Request, Encoded]]) -> list[Completion]:
        context = self._decoder.context
        rows = [row_of(request, encoded.prompt, context) for request, encoded in pairs]
        return [
            Completion(
                answer=written(self._decoder, row, result),
                input_tokens=len(row.prompt),
                output_tokens=len(result.tokens),
            )
            for row, result in zip(rows, self._decoder.generate(rows), strict=True)
        ]

    def _choose(self, pairs: Sequence[tuple[Request, Encoded]]) -> list[Completion]:
        scored = self._decoder.score(
            [encoded.prompt for _, encoded in pairs], [encoded.choices for _, encoded in pairs]
        )
        return [
            Completion(
                answer=chosen(request.choices or (), logprobs),
                input_tokens=len(encoded.prompt) + sum(map(len, encoded.choices)),
                output_tokens=0,
            )
            for (request, encoded), logprobs in zip(pairs, scored, strict=True)
        ]


def content_hash(folder: Path) -> str:
    """SHA-256 (16 hex digits) over the names and bytes of the model's files in ``folder``.

    Weights, configuration, tokenizer and templates count; a read-me does not.
    """
    suffixes = (".safetensors", ".bin", ".json", ".jinja", ".model", ".txt")
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.iterdir() if p.suffix in suffixes and p.is_file()):
        digest.update(path.name.encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _device(wanted: str, cuda: bool, count: int) -> str:
    """``wanted`` as torch names it, so that one device has one worker thread."""
    if wanted == "auto":
        return "cuda:0" if cuda else "cpu"
    if wanted == "cuda":
        wanted = "cuda:0"
    if wanted.startswith("cuda:") and wanted not in {f"cuda:{index}" for index in range(count)}:
        raise ConfigError(f"device {wanted!r} is not on this machine: use `device: cpu` or `auto`")
    return wanted


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
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
