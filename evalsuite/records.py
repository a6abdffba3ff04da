"""The records everything else is made of: frozen, typed, versioned, and free of behaviour.

Names carry their units. Unknown is ``None``, never 0. A failure is a status, never a value.
``msgspec`` gives immutability, validation on reading and the speed that a row per call needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

SCHEMA_VERSION = 1

CallStatus = Literal["ok", "error"]
ResponseStatus = Literal["ok", "system_error"]
ScoreStatus = Literal["scored", "format_error", "system_error", "scorer_error"]
Phase = Literal["answer", "fit"]


class Message(msgspec.Struct, frozen=True):
    """One turn of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a task.

    ``inputs`` is all that a system may see; ``target`` never leaves the scoring side.
    ``cluster`` names what samples share (a passage, a template): errors are computed over clusters.
    """

    id: str
    inputs: dict[str, Any]
    target: Any = None
    metadata: dict[str, Any] = {}
    cluster: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a system is asked: a sample's inputs, rendered by its task. It holds no target.

    ``choices`` is set where the answer is one of a closed set; a backend that can score
    log-likelihoods does, another one generates and the text is matched to the choices.
    ``split`` is the split the sample came from ("test" when answering for the record).
    """

    task: str
    sample_id: str
    inputs: dict[str, Any]
    messages: tuple[Message, ...]
    choices: tuple[str, ...] | None = None
    max_output_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int = 0
    repeat: int = 0
    split: str = "test"

    @property
    def key(self) -> str:
        """Content hash of everything that may affect the answer, the repeat index included."""
        return fingerprint(msgspec.structs.asdict(self))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a system said.

    ``text`` is raw; ``choice`` and ``probabilities`` (over ``Request.choices``, summing to 1) are
    set where the backend scored them; ``data`` holds structured output (spans, tool calls).
    ``token_logprobs`` are natural logarithms of the chosen tokens, where the backend gives them.
    """

    text: str | None = None
    choice: str | None = None
    probabilities: dict[str, float] | None = None
    data: Any = None
    token_logprobs: tuple[float, ...] | None = None
    finish_reason: str | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What one model call returned: the answer and what it took, as the backend measured it.

    ``queue_seconds`` is waiting inside the backend (for a batch, a device, a rate limit);
    ``service_seconds`` is from start of work to last token; ``machine_seconds`` is this call's
    share of the machine (batch seconds / batch size), the basis of machine-hour prices.
    ``retries`` and ``backoff_seconds`` are of this call alone. A completion read from a recording
    has ``recorded=True``, carries the recorded ``usd`` (None where none was) and no times.
    ``maybe_billed_attempts`` counts failed attempts before this one that may have been charged
    (a timeout, a lost connection): where there are any, the cost of the call is unknown.
    """

    answer: Answer
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    tokens_counted_by: Literal["provider", "local"] | None = None
    queue_seconds: float | None = None
    first_token_seconds: float | None = None
    service_seconds: float | None = None
    machine_seconds: float | None = None
    batch_size: int | None = None
    retries: int = 0
    backoff_seconds: float = 0.0
    recorded: bool = False
    usd: float | None = None
    maybe_billed_attempts: int = 0


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One model call inside an answer. ``role`` is the path of role names, "" for a plain model.

    ``seconds`` is wall time as the caller of the model felt it (queue and backoff included).
    ``usd`` and ``joules`` are None where no price or counter is known; the bases say how they
    were obtained. A call answered from a recording has ``recorded=True`` and no ``seconds``.
    """

    key: str
    role: str
    system: str
    model: str
    reason: str
    status: CallStatus
    started_at: float
    phase: Phase = "answer"
    error_kind: str | None = None
    error_message: str | None = None
    answer: Answer | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    tokens_counted_by: Literal["provider", "local"] | None = None
    usd: float | None = None
    usd_basis: str | None = None
    joules: float | None = None
    joules_basis: str | None = None
    seconds: float | None = None
    queue_seconds: float | None = None
    first_token_seconds: float | None = None
    service_seconds: float | None = None
    machine_seconds: float | None = None
    batch_size: int | None = None
    retries: int = 0
    backoff_seconds: float = 0.0
    recorded: bool = False


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What a system answered for a sample, with its calls in order.

    ``seconds`` is end-to-end wall time; None where it was not felt in one piece (a recording, or
    a response that was interrupted and resumed).
    """

    key: str
    task: str
    sample_id: str
    system: str
    repeat: int
    status: ResponseStatus
    started_at: float
    answer: Answer | None = None
    error_kind: str | None = None
    error_message: str | None = None
    seconds: float | None = None
    calls: tuple[Call, ...] = ()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One named value for a response.

    ``value`` is None unless ``status`` is scored or, where the answer could not be read but the
    protocol counts it as failed, ``format_error`` with 0.0.
    """

    name: str
    value: float | None
    status: ScoreStatus = "scored"
    explanation: str = ""


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What it took to prepare a system for a task (training a classifier, picking a threshold).

    ``n_samples`` counts the samples of ``split`` that were used; ``usd`` covers the member calls
    and the machine time; ``note`` says what was chosen, in words.
    """

    key: str
    task: str
    system: str
    split: str
    n_samples: int
    seconds: float
    usd: float | None
    note: str


def total(values: Iterable[float | None]) -> float | None:
    """Sum of ``values``; None if any of them is unknown, because a partial sum is a wrong sum."""
    known: list[float] = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return sum(known)


def fingerprint(value: Any) -> str:
    """Stable 16-hex-digit content hash of a JSON-able value (mapping order does not matter)."""
    encoded = msgspec.json.encode(value, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:16]


def mean_logprob(answer: Answer) -> float | None:
    """Mean natural log-probability per generated token; None where the backend gave none."""
    logprobs = answer.token_logprobs
    return sum(logprobs) / len(logprobs) if logprobs else None


class TaskEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's manifest pins about a task. Hashes are over content, in order."""

    name: str
    family: str
    summary: str
    version: int
    split: str
    n_samples: int
    data_hash: str
    prompt_hash: str
    success: str
    success_at: float
    source: str
    licence: str
    reference: str


class SystemEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's manifest pins about a system.

    ``pattern`` is the backend or the hybrid pattern; ``roles`` maps a hybrid's role names to
    systems; ``price`` is what its calls were charged at ({} for hybrids: members have prices).
    """

    name: str
    kind: Literal["model", "hybrid"]
    pattern: str
    model: str | None
    fingerprint: str
    roles: dict[str, str]
    price: dict[str, Any]
    parameters: int | None
    config: dict[str, Any]
    reported: bool = True


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was run, with what, on what. Secrets and machine names are never in it."""

    schema_version: int
    name: str
    experiment: dict[str, Any]
    fingerprint: str
    started_at: float
    finished_at: float | None
    complete: bool
    sessions: int
    tasks: tuple[TaskEntry, ...]
    systems: tuple[SystemEntry, ...]
    repeats: int
    seed: int
    concurrency: int
    sandbox: str
    evalsuite_version: str
    code: str | None
    python: str
    packages: dict[str, str]
    hardware: dict[str, Any]
