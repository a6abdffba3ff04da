"""What goes over the wire, as typed structs, and the one form that all replies are read into.

Everything is optional: endpoints leave out what they do not have. Fields that nobody here reads
are skipped by the decoder. Where the type is ``Any``, endpoints are known to send several.
"""

from __future__ import annotations

from typing import Any

import msgspec

from evalsuite.records import ToolCall


class TokenLogprob(msgspec.Struct, omit_defaults=True):
    """One token of ``logprobs.content``."""

    token: str = ""
    logprob: float | None = None
    top_logprobs: list[TokenLogprob] | None = None


class Logprobs(msgspec.Struct, omit_defaults=True):
    """Log-probabilities in the form of Chat (``content``) or of Completions (parallel lists)."""

    content: list[TokenLogprob] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float | None] | None] | None = None
    text_offset: list[int] | None = None


class WireFunction(msgspec.Struct, omit_defaults=True):
    """Name and arguments of a tool call; arguments are text, or an object at some endpoints."""

    name: str | None = None
    arguments: Any = None


class WireToolCall(msgspec.Struct, omit_defaults=True):
    """A tool call, or a part of one in a stream."""

    id: str | None = None
    index: int | None = None
    function: WireFunction | None = None


class WireMessage(msgspec.Struct, omit_defaults=True):
    """A message, or what a chunk of a stream adds to it."""

    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    tool_calls: list[WireToolCall] | None = None


class WireChoice(msgspec.Struct, omit_defaults=True):
    """One of ``choices``: ``message`` (Chat), ``delta`` (a stream), or ``text`` (Completions)."""

    index: int | None = 0
    message: WireMessage | None = None
    delta: WireMessage | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None
    error: Any = None


class WireReply(msgspec.Struct, omit_defaults=True):
    """A reply of Chat Completions or Completions, or a chunk of its stream."""

    choices: list[WireChoice] | None = None
    model: str | None = None
    usage: Any = None
    error: Any = None


class Usage(msgspec.Struct, frozen=True):
    """Token counts as the endpoint gave them; None where it gave none that can be."""

    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    total_tokens: int | None = None


class Reply(msgspec.Struct, kw_only=True):
    """What an endpoint said, whatever its API and whether or not it was streamed."""

    text: str | None = None
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tokens: tuple[str, ...] | None = None
    token_logprobs: tuple[float, ...] | None = None
    top_logprobs: tuple[dict[str, float], ...] | None = None
    finish_reason: str | None = None
    model: str | None = None
    usage: Usage | None = None


def usage_from(usage: Any) -> Usage | None:
    """The counts of a ``usage`` object: ``prompt_tokens`` or ``input_tokens``, and so on."""
    if not isinstance(usage, dict):
        return None
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        side_in, side_out = "prompt_tokens", "completion_tokens"
    else:
        side_in, side_out = "input_tokens", "output_tokens"
    details_in = usage.get(f"{side_in}_details")
    details_out = usage.get(f"{side_out}_details")
    if isinstance(details_in, dict):
        cached = details_in.get("cached_tokens")
    else:  # DeepSeek's and Moonshot's names
        cached = usage.get("prompt_cache_hit_tokens", usage.get("cached_tokens"))
    reasoning = details_out.get("reasoning_tokens") if isinstance(details_out, dict) else None
    return Usage(
        _count(usage.get(side_in)),
        _count(cached),
        _count(usage.get(side_out)),
        _count(reasoning),
        _count(usage.get("total_tokens")),
    )


def _count(value: Any) -> int | None:
    """``value`` where it is a token count; None for what is not one (null, negative, text)."""
    return value if type(value) is int and value >= 0 else None


LogprobsOf = tuple[
    tuple[str, ...] | None, tuple[float, ...] | None, tuple[dict[str, float], ...] | None
]


def logprobs_from(logprobs: Logprobs | None) -> LogprobsOf:
    """Tokens, their log-probabilities, and the likeliest ones at each position; None if not given.

    A position without a log-probability makes all of them unknown: a sum over the others would be
    that of another text.
    """
    if logprobs is None:
        return None, None, None
    if logprobs.content:
        return from_content(logprobs.content)
    if not logprobs.tokens or not logprobs.token_logprobs:
        return None, None, None
    top = logprobs.top_logprobs
    likeliest = tuple(_known(one) for one in top) if top and any(top) else None
    return tuple(logprobs.tokens), _all_known(logprobs.token_logprobs), likeliest


def from_content(content: list[TokenLogprob]) -> LogprobsOf:
    """``logprobs_from`` for a list of tokens with their log-probabilities."""
    tokens = tuple(token.token for token in content)
    known = _all_known([token.logprob for token in content])
    if not any(token.top_logprobs for token in content):
        return tokens, known, None
    # From the last to the first, so that of two tokens that read the same the likelier one stays.
    likeliest = tuple(
        _known({top.token: top.logprob for top in reversed(token.top_logprobs or ())})
        for token in content
    )
    return tokens, known, likeliest


def _all_known(values: list[float | None]) -> tuple[float, ...] | None:
    known = tuple(value for value in values if value is not None)
    return known if len(known) == len(values) else None


def _known(values: dict[str, float | None] | None) -> dict[str, float]:
    return {token: value for token, value in (values or {}).items() if value is not None}
