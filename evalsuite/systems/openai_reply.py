"""What a Chat Completions endpoint replied, as a completion or as a typed failure."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient
from evalsuite.records import Answer, Completion

Clean = Callable[[object], str]

_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|too many (input )?tokens|(prompt|input) is too long", re.I
)
_FILTERED = re.compile(r"content[ _](filter|policy|management)|safety system", re.I)
_LONGEST_MESSAGE = 300


def completion_from(content: bytes, seconds: float, clean: Clean) -> Completion:
    """The completion in a reply of status 200.

    Token counts are the endpoint's own; where it gives none they are unknown, not estimated.
    Raises CallTransient (malformed_reply) for what is not a chat completion and CallRejected for a
    filtered answer (content_filter) or none at all (empty_answer). An answer cut off before its
    first word (finish reason "length": a model that thought too long) is an empty text.
    """
    try:
        reply = json.loads(content)
        choice = reply["choices"][0]
        answer = _answer(choice["message"], choice)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        raise _malformed(clean(content.decode(errors="replace"))) from None
    if not answer.text and answer.data is None:
        if answer.finish_reason == "content_filter":
            raise CallRejected("the endpoint filtered the answer", kind="content_filter")
        if answer.finish_reason != "length":
            message = f"the answer is empty (finish reason {answer.finish_reason!r})"
            raise CallRejected(message, kind="empty_answer")
    usage = reply.get("usage")
    input_tokens = _count(usage, "prompt_tokens")
    return Completion(
        answer=answer,
        input_tokens=input_tokens,
        cached_input_tokens=_count(usage, "prompt_tokens_details", "cached_tokens"),
        output_tokens=_count(usage, "completion_tokens"),
        reasoning_tokens=_count(usage, "completion_tokens_details", "reasoning_tokens"),
        tokens_counted_by=None if input_tokens is None else "provider",
        service_seconds=seconds,
    )


def failure_from(status: int, content: str, wait: float | None) -> CallFailed | CallRefused:
    """The failure that an HTTP ``status`` other than 200 means.

    401, 403, 404, a redirect and a used-up quota are CallRefused: no sample would fare better.
    408, 409, 425, 429 and 5xx are CallTransient. Anything else is about this request: CallRejected.
    """
    code, message = _error_of(content)
    text = f"HTTP {status}: {message}"
    if status == 429 and code == "insufficient_quota":
        return CallRefused(text, kind="quota_used_up")
    if status in (408, 409, 425, 429) or status >= 500:
        kind = "rate_limited" if status == 429 else "timeout" if status == 408 else "server_error"
        return CallTransient(text, kind=kind, billed=False, retry_after_seconds=wait)
    if status in (401, 403):
        return CallRefused(text, kind="not_authorised")
    if status == 404 or 300 <= status < 400:
        return CallRefused(text, kind="not_found")
    if code == "context_length_exceeded" or _TOO_LONG.search(message):
        return CallRejected(text, kind="context_too_long", billed=False)
    if code == "content_filter" or _FILTERED.search(message):
        return CallRejected(text, kind="content_filter", billed=False)
    return CallRejected(text, kind="bad_request", billed=False)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: ``retry-after-ms``, or ``Retry-After`` (RFC 9110)."""
    for name, unit in (("retry-after-ms", 1e-3), ("Retry-After", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            moment = email.utils.parsedate_tz(value)
            if moment is not None:
                return max(0.0, email.utils.mktime_tz(moment) - time.time())
    return None


def _malformed(content: str) -> CallTransient:
    _, message = _error_of(content)
    return CallTransient(f"not a chat completion: {message}", kind="malformed_reply")


def _error_of(content: str) -> tuple[str | None, str]:
    """Code and one-line message of an error body; the body itself where it is no such thing."""
    code, message = None, content
    try:
        error = json.loads(content)["error"]
        code = error.get("code") or error.get("type")
        message = str(error.get("message") or content)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    line = " ".join(message.split())[:_LONGEST_MESSAGE] or "(empty body)"
    return (code if isinstance(code, str) else None), line


def _answer(message: Mapping[str, Any], choice: Mapping[str, Any]) -> Answer:
    """The answer in a message; a refusal is what the model said. TypeError where it is no text."""
    text = message.get("content") or message.get("refusal")
    tool_calls = message.get("tool_calls") or None
    if text is not None and not isinstance(text, str):
        raise TypeError("the content is no text")
    tokens = (choice.get("logprobs") or {}).get("content")
    return Answer(
        text=text or (None if tool_calls else ""),
        data=tool_calls,
        token_logprobs=tuple(float(token["logprob"]) for token in tokens) if tokens else None,
        finish_reason=choice.get("finish_reason"),
    )


def _count(usage: Any, *path: str) -> int | None:
    """The token count at ``path``, or None for what is not one (absent, null, negative, text)."""
    for name in path:
        usage = usage.get(name) if isinstance(usage, dict) else None
    valid = isinstance(usage, int) and not isinstance(usage, bool) and usage >= 0
    return usage if valid else None
