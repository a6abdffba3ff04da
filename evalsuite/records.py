"""The records everything else is made of: frozen, typed, versioned, and free of behaviour.

Names carry their units. Unknown is ``None``, never 0. A failure is a status, never a value.
``msgspec`` gives immutability, validation on reading and the speed that a row per call needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Literal

import msgspec

SCHEMA_VERSION = 4

CallStatus = Literal["ok", "error"]
ResponseStatus = Literal["ok", "system_error"]
ScoreStatus = Literal["scored", "format_error", "system_error", "scorer_error"]
VerdictStatus = Literal["judged", "judge_error", "system_error"]
VerdictRole = Literal["judge", "member", "panel"]
Phase = Literal["answer", "fit"]


class ToolCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that a model wants made. ``arguments`` is raw JSON text, as the model wrote it."""

    name: str
    arguments: str
    id: str | None = None


class Tool(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function that a model may call; ``parameters`` is a JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn of a chat prompt.

    ``images`` come before the text, as data: or https: addresses. ``tool_calls`` are of an
    assistant's turn; a "tool" turn is the result of the call ``tool_call_id``.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item of a task.

    ``inputs`` is all that a system may see; ``target`` never leaves the scoring side.
    ``cluster`` names what samples share (a passage, a template): errors are computed over clusters.
    """

    id: str
    inputs: dict[str, Any]
    target: Any = None
    metadata: dict[str, Any] = {}
    cluster: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a system is asked: a sample's inputs, rendered by its task. It holds no target.

    ``choices`` is set where the answer is one of a closed set; a backend that can score
    log-likelihoods does, another one generates and the text is matched to the choices.
    ``split`` is the split the sample came from ("test" when answering for the record).
    ``tools`` may be called in the answer; ``output_schema`` is the JSON schema it must follow.
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
    tools: tuple[Tool, ...] = ()
    output_schema: dict[str, Any] | None = None

    @property
    def key(self) -> str:
        """Content hash of everything that may affect the answer, the repeat index included."""
        return fingerprint(self)


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a system said.

    ``text`` is raw; ``reasoning`` is what a model thought before it, where it is given apart;
    ``choice`` and ``probabilities`` (over ``Request.choices``, summing to 1) are set where the
    backend scored them; ``data`` holds structure of the system's own (spans). ``token_logprobs``
    are natural logarithms of the chosen tokens and ``top_logprobs`` of the likeliest ones at each
    position, where the backend gives them.
    """

    text: str | None = None
    reasoning: str | None = None
    choice: str | None = None
    probabilities: dict[str, float] | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    data: Any = None
    token_logprobs: tuple[float, ...] | None = None
    top_logprobs: tuple[dict[str, float], ...] | None = None
    finish_reason: str | None = None


class Completion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one model call returned: the answer and what it took, as the backend measured it.

    ``queue_seconds`` is waiting inside the backend (for a batch, a device, a rate limit);
    ``service_seconds`` is from start of work to last token; ``machine_seconds`` is this call's
    share of the machine (batch seconds / batch size), the basis of machine-hour prices.
    ``first_token_seconds`` is from start of work, or from sending, to the first token. ``joules``
    are this call's share of what energy counters counted meanwhile, ``idle_joules`` what the same
    counters count in as many machine seconds when nothing runs, and ``joules_basis`` names them.
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
    joules: float | None = None
    idle_joules: float | None = None
    joules_basis: str | None = None
    retries: int = 0
    backoff_seconds: float = 0.0
    recorded: bool = False
    usd: float | None = None
    maybe_billed_attempts: int = 0


class Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model call inside an answer. ``role`` is the path of role names, "" for a plain model.

    ``response_key`` and ``ordinal`` say which response it is part of, and where in it.
    ``request_key`` is the content hash of what was asked, None for a tool.
    ``seconds`` is wall time as the caller of the model felt it (queue and backoff included).
    ``usd`` is what the call costs when it is made; ``billed_usd`` what this run was charged for
    it: 0 where it came from the response cache (``cached``) or from a recording (``recorded``),
    which have no ``seconds`` either. ``usd`` and ``joules`` are None where no price or counter is
    known; the bases say how they were obtained. ``idle_joules`` are the part of ``joules`` that the
    machine takes in as many machine seconds when nothing runs; None where nobody knows.
    """

    key: str
    response_key: str
    ordinal: int
    role: str
    system: str
    model: str
    reason: str
    status: CallStatus
    started_at: float
    phase: Phase = "answer"
    request_key: str | None = None
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
    billed_usd: float | None = None
    joules: float | None = None
    idle_joules: float | None = None
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
    cached: bool = False


class Response(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One named value for a response.

    ``value`` is None unless ``status`` is scored or, where the answer could not be read but the
    protocol counts it as failed, ``format_error`` with 0.0.
    """

    name: str
    value: float | None
    status: ScoreStatus = "scored"
    explanation: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a judge made of an answer (``system``), or of a pair (``system_a``, ``system_b``).

    ``judge`` names the judge, ``by`` the systems that applied it. ``role`` is "member" where the
    verdict went into that of a "panel". ``order`` is "ab" or "ba", the order in which a pair was
    shown; ``answer_repeat`` is of the answers, ``repeat`` of the judge's. ``value`` is the score,
    or 1, 0.5 or 0 for a; ``verdict`` the label it was read from, or "a", "b" or "tie".
    ``basis`` says whether the value is "plain" or "expected" over the labels' probabilities.
    ``right`` is the verdict that people, or else the task's own scores, say is right (None where
    they say nothing), and ``agrees`` whether it is this one.
    ``seconds``, ``usd`` and tokens are of the question ``question_key``; several verdicts may be
    read from one question. Those that were computed from others (a panel's, an overall mean) have
    none of them.
    """

    judge: str
    judge_version: int
    by: str
    role: VerdictRole
    criterion: str
    task: str
    sample_id: str
    cluster: str
    status: VerdictStatus
    system: str | None = None
    system_a: str | None = None
    system_b: str | None = None
    order: str | None = None
    answer_repeat: int = 0
    repeat: int = 0
    value: float | None = None
    verdict: str | None = None
    basis: Literal["plain", "expected"] | None = None
    error_kind: str | None = None
    error_message: str | None = None
    right: str | None = None
    agrees: bool | None = None
    self_judged: bool = False
    said: str | None = None
    seconds: float | None = None
    usd: float | None = None
    billed_usd: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    question_key: str | None = None
    response_key: str | None = None
    response_key_a: str | None = None
    response_key_b: str | None = None


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


class Size(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a model in this process takes up; None is unknown, and each basis says how it was found.

    ``disk_bytes`` are its weights' files; ``ram_bytes`` and ``vram_bytes`` the most memory that it
    took loaded and answering. Not in them is the process that it runs in; ``process_bytes`` is all
    of that at its peak while the model answered, with libraries and every model that was loaded.
    """

    parameters: int | None = None
    disk_bytes: int | None = None
    disk_basis: str = ""
    ram_bytes: int | None = None
    ram_basis: str = ""
    vram_bytes: int | None = None
    vram_basis: str = ""
    process_bytes: int | None = None


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """Where a model of a run was, and what it took up here.

    ``where`` is "here" for a model in this process, "endpoint" for one behind an address,
    "recording" for recorded answers, and "unknown" for a backend that does not say. ``size`` is
    None unless it is here.
    """

    system: str
    where: Literal["here", "endpoint", "recording", "unknown"]
    size: Size | None = None


class IdlePower(msgspec.Struct, frozen=True, kw_only=True):
    """What an energy counter counted before a session asked anything, models loaded.

    ``watts`` over ``seconds``; None where the counter did not move.
    """

    counter: str
    watts: float | None
    seconds: float


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was run, with what, on what. Secrets and machine names are never in it.

    ``notes`` are what was found on the way and concerns a reader: what an endpoint ignored, what
    had to be counted here. ``stopped`` says why a run ended before all its answers were there; its
    tables hold what was answered. A run that is neither ``complete`` nor ``stopped`` has none.
    ``sandbox`` is the tier that candidate code ran in, or "not needed"; ``sandbox_features`` is
    what that tier had on this machine. ``footprints`` are of the models, hybrids have none of their
    own; ``idle_power`` is that of the counters that energy was measured with.
    """

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
    concurrency: int | None
    sandbox: str
    evalsuite_version: str
    code: str | None
    python: str
    packages: dict[str, str]
    hardware: dict[str, Any]
    notes: tuple[str, ...] = ()
    stopped: str | None = None
    sandbox_features: str = ""
    footprints: tuple[Footprint, ...] = ()
    idle_power: tuple[IdlePower, ...] = ()
