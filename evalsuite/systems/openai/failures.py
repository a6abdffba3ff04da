"""What an endpoint's refusal, fault or nonsense means, as a typed failure."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient

_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|too many (input )?tokens|(prompt|input)( is|s are)? too long"
    r"|exceeds? the max\w* (model|context|input|allowed)|max_model_len|max_new_tokens. must be"
    r"|input length\b.*exceed|request too large",
    re.IGNORECASE,
)
_TOO_LARGE = re.compile(r"request too large", re.IGNORECASE)  # for the whole minute's allowance
_FILTERED = re.compile(
    r"content[ _](filter|policy|management)|safety system|moderation|was flagged", re.IGNORECASE
)
_NO_MODEL = re.compile(
    r"model\b.*\b(not found|not exist)|(unknown|no such) model|not a valid model"
    r"|no endpoints found|server is pinned to",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"api[ _-]?key\b.{0,20}\b(not valid|invalid|missing|expired|required)"
    r"|\b(invalid|incorrect|missing|expired|no) api[ _-]?key",
    re.IGNORECASE,
)
_TRANSIENT_STATUS = frozenset((408, 409, 425, 429))
_CONGESTED_STATUS = frozenset((429, 503, 529))
_USED_UP = frozenset(
    ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "credits_required")
)
_TOO_LONG_CODES = frozenset(
    ("context_length_exceeded", "exceed_context_size_error", "string_above_max_length")
)
# Fields that are the same in every request of a system, so that no sample would fare better.
_FIELDS_OF_THE_SYSTEM = frozenset(
    (
        "temperature",
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "reasoning_effort",
        "reasoning.effort",
        "logprobs",
        "top_logprobs",
    )
)
_LONGEST_MESSAGE = 300


class Congested(CallTransient):
    """The endpoint has too much to do: a limiter should ask for less."""


class Fault(msgspec.Struct, frozen=True):
    """An error as the endpoint told it; ``code`` is its code, or its type where it has none."""

    message: str
    code: str | None = None
    status: int | None = None
    param: str | None = None


def failure_from(
    status: int, content: str, wait_seconds: float | None = None
) -> CallFailed | CallRefused:
    """The failure that a reply of HTTP ``status`` with the body ``content`` means.

    A refused key, an unknown model, an address that is not there (3xx, 404, 405), a used-up quota
    and a field that the model does not take are CallRefused: no sample would fare better. 408,
    409, 425, 429 and 5xx are CallTransient, of these 429, 503 and 529 Congested. Anything else is
    about this request: CallRejected.
    Nothing is billed for an error status.
    """
    fault = fault_in(content)
    return _failure(fault, status, f"HTTP {status}: {fault.message}", False, wait_seconds)


def failure_within(error: Any) -> CallFailed | CallRefused:
    """The failure that an error object means which came with status 200, or in mid-stream.

    It may have been billed: the endpoint had begun to answer. An error of unknown kind is taken
    for a fault of the server.
    """
    fault = _fault_of(error)
    status = fault.status
    if status is None or not 300 <= status < 600:
        status = _STATUS_OF.get(fault.code or "", 500)
    return _failure(fault, status, f"the endpoint failed: {fault.message}", None, None)


_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "insufficient_quota": 429,
    "content_filter": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_image": 400,
    "BadRequestError": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "NotFoundError": 404,
}


def malformed(content: str) -> CallTransient:
    """The failure of a reply of status 200 that is no answer: cut-off JSON, HTML, another API."""
    line = one_line(content)
    return CallTransient(f"not an answer of this API: {line}", kind="malformed_reply")


def _failure(
    fault: Fault, status: int, text: str, billed: bool | None, wait_seconds: float | None
) -> CallFailed | CallRefused:
    # Before the status, because servers send these under several, 500 among them.
    if fault.code in _TOO_LONG_CODES:
        return CallRejected(text, kind="context_too_long", billed=billed)
    if fault.code in _USED_UP or status == 402:
        return CallRefused(text, kind="quota_used_up")
    if status == 401:
        return CallRefused(text, kind="not_authorised")
    if status in (403, 451):
        if fault.code == "content_filter" or _FILTERED.search(fault.message):
            return CallRejected(text, kind="content_filter", billed=billed)
        return CallRefused(text, kind="not_authorised")
    if status in (404, 405) or 300 <= status < 400:
        advice = "check `base_url`, `api` and `model`"
        return CallRefused(f"{text}: {advice}", kind="not_found")
    if (_TOO_LARGE if status == 429 else _TOO_LONG).search(fault.message) and status < 500:
        return CallRejected(text, kind="context_too_long", billed=billed)
    if status in _TRANSIENT_STATUS or status >= 500:
        kind = {429: "rate_limited", 408: "timeout"}.get(status, "server_error")
        failure = Congested if status in _CONGESTED_STATUS else CallTransient
        return failure(text, kind=kind, billed=billed, retry_after_seconds=wait_seconds)
    if fault.code == "content_filter" or _FILTERED.search(fault.message):
        return CallRejected(text, kind="content_filter", billed=billed)
    if _NO_KEY.search(fault.message):
        return CallRefused(text, kind="not_authorised")
    if fault.code == "model_not_found" or _NO_MODEL.search(fault.message):
        return CallRefused(text, kind="not_found")
    if (
        fault.code in ("unsupported_parameter", "unsupported_value")
        and fault.param in _FIELDS_OF_THE_SYSTEM
    ):
        advice = f"`extra: {{{fault.param}: null}}` leaves it out"
        return CallRefused(f"{text}: {advice}", kind="bad_request")
    return CallRejected(text, kind="bad_request", billed=billed)


def fault_in(content: str) -> Fault:
    """The error in a body; the body itself as its message where it is no error object.

    Bodies differ: ``{"error": {...}}`` (OpenAI, vLLM, llama.cpp, Ollama, OpenRouter),
    ``{"error": "text"}`` (TGI, Ollama), ``{"message": ...}`` beside ``"object": "error"`` (SGLang,
    older vLLM), ``{"detail": ...}`` (FastAPI, so `transformers serve`).
    """
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return Fault(one_line(content))
    if isinstance(body, list) and body:  # Gemini's OpenAI-compatible endpoint
        body = body[0]
    if not isinstance(body, dict):
        return Fault(one_line(content))
    for name in ("error", "detail"):
        if body.get(name):
            return _fault_of(body[name])
    return _fault_of(body) if body.get("message") else Fault(one_line(content))


def _fault_of(error: Any) -> Fault:
    if not isinstance(error, dict):
        text = error if isinstance(error, str) else msgspec.json.encode(error).decode()
        return Fault(one_line(text))
    message = error.get("message")
    if not isinstance(message, str):
        message = msgspec.json.encode(message or error).decode()
    inner = error.get("metadata")
    if isinstance(inner, dict) and isinstance(inner.get("raw"), str):  # OpenRouter's provider
        message = f"{message}: {inner['raw']}"
    code, status = error.get("code"), error.get("status")
    if isinstance(code, str) and code.isdigit():
        code = int(code)
    if isinstance(code, int):
        code, status = None, code
    kind = error.get("type")
    name = code if isinstance(code, str) else kind if isinstance(kind, str) else None
    param = error.get("param")
    return Fault(
        one_line(message),
        name,
        status if isinstance(status, int) else None,
        param if isinstance(param, str) else None,
    )


def one_line(text: str) -> str:
    """The beginning of ``text`` in one line of printable characters."""
    words = " ".join(text[: 4 * _LONGEST_MESSAGE].split())
    line = "".join(letter for letter in words if letter.isprintable())
    return line[:_LONGEST_MESSAGE] or "(empty body)"


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: ``retry-after-ms``, or ``Retry-After`` (RFC 9110)."""
    for name, unit in (("retry-after-ms", 1e-3), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            moment = email.utils.parsedate_tz(value)
            seconds = math.nan if moment is None else email.utils.mktime_tz(moment) - time.time()
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None
