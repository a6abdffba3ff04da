"""From the bytes of a reply to a completion."""

from __future__ import annotations

from typing import Any

import msgspec

from evalsuite.errors import CallRejected, CallTransient
from evalsuite.records import Answer, Completion, Request
from evalsuite.systems.openai.chat import NoAnswerInIt, read_chat
from evalsuite.systems.openai.completions import read_completions
from evalsuite.systems.openai.failures import failure_within, malformed
from evalsuite.systems.openai.findings import Findings
from evalsuite.systems.openai.options import Api, OpenAIOptions
from evalsuite.systems.openai.responses import ResponsesReply, read_responses
from evalsuite.systems.openai.tokens import LocalTokens
from evalsuite.systems.openai.wire import Reply, Usage, WireReply

_DECODER = msgspec.json.Decoder(WireReply)
_RESPONSES_DECODER = msgspec.json.Decoder(ResponsesReply)


def completion_from(
    spec: OpenAIOptions,
    request: Request,
    content: bytes,
    findings: Findings,
    tokens: LocalTokens | None = None,
    **measured: Any,
) -> Completion:
    """The completion in ``content``, the body of a reply of status 200, streamed or not.

    ``measured`` are further fields of the ``Completion``: its times and retries.

    Raises:
        CallTransient: ``malformed_reply`` for what is no answer of this API, and what an error
            object in it means.
        CallRejected: ``content_filter`` for an answer that was filtered or cut off by a filter,
            ``empty_answer`` for none at all. One that was cut off before its first word (finish
            reason "length": a model that thought too long) is an empty text.
        CallRefused: what an error object in it means.
    """
    return completion_of(spec, request, decoded(spec.api, content), findings, tokens, **measured)


def decoded(api: Api, content: bytes) -> WireReply | ResponsesReply:
    """``content`` as the reply of ``api``; CallTransient (malformed_reply) where it is none."""
    decoder = _RESPONSES_DECODER if api == "responses" else _DECODER
    try:
        return decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(content.decode(errors="replace")) from None


def completion_of(
    spec: OpenAIOptions,
    request: Request,
    wire: WireReply | ResponsesReply,
    findings: Findings,
    tokens: LocalTokens | None = None,
    **measured: Any,
) -> Completion:
    """The completion in a decoded reply; raises as ``completion_from`` does."""
    reply = reply_from(spec.api, wire)
    if spec.api == "responses":
        _make_up_for_responses(request, reply, findings)
    _refuse_what_is_no_answer(reply)
    findings.look_at(request, reply)
    usage = findings.usable(reply.usage, reply)
    counted_by = _counted_by(usage)
    if tokens is not None and (usage.input_tokens is None or usage.output_tokens is None):
        usage, counted_by = _counted_here(spec, request, reply, usage, tokens)
    return Completion(
        answer=Answer(
            text=reply.text or (None if reply.tool_calls else ""),
            reasoning=reply.reasoning,
            tool_calls=reply.tool_calls,
            token_logprobs=reply.token_logprobs,
            top_logprobs=reply.top_logprobs,
            finish_reason=reply.finish_reason,
        ),
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        tokens_counted_by=counted_by,
        **measured,
    )


def reply_from(api: Api, wire: WireReply | ResponsesReply) -> Reply:
    """What ``wire`` says. Raises what an error in it means, and malformed_reply."""
    try:
        if isinstance(wire, ResponsesReply):
            if wire.error and wire.status in (None, "failed"):
                raise failure_within(wire.error)
            return read_responses(wire)
        error = wire.error or (wire.choices[0].error if wire.choices else None)
        if error:
            raise failure_within(error)
        return read_chat(wire) if api == "chat" else read_completions(wire)
    except NoAnswerInIt:
        raise malformed(msgspec.json.encode(wire).decode()) from None


def _refuse_what_is_no_answer(reply: Reply) -> None:
    if reply.finish_reason == "content_filter":
        raise CallRejected("the endpoint filtered the answer", kind="content_filter")
    if reply.finish_reason == "error":
        message = "the endpoint failed while it answered (finish reason 'error')"
        raise CallTransient(message, kind="server_error")
    if not reply.text and not reply.tool_calls and reply.finish_reason != "length":
        message = f"the answer is empty (finish reason {reply.finish_reason!r})"
        raise CallRejected(message, kind="empty_answer")


def _make_up_for_responses(request: Request, reply: Reply, findings: Findings) -> None:
    """Say what the Responses API does not take, and end the text where a stop string begins."""
    if request.temperature > 0:
        findings.tell("seed", "the Responses API takes no seed: answers cannot be drawn again")
    if not request.stop or not reply.text:
        return
    findings.tell("stop", "the Responses API takes no stop strings: answers are cut at them here")
    ends = [reply.text.find(stop) for stop in request.stop if stop in reply.text]
    if not ends:
        return
    reply.text = reply.text[: min(ends)]
    reply.finish_reason = "stop"
    if reply.tokens is not None:
        kept = _tokens_before(reply.tokens, len(reply.text))
        reply.token_logprobs = reply.token_logprobs and reply.token_logprobs[:kept]
        reply.top_logprobs = reply.top_logprobs and reply.top_logprobs[:kept]


def _tokens_before(tokens: tuple[str, ...], length: int) -> int:
    """How many of ``tokens`` begin within the first ``length`` letters."""
    begins = 0
    for index, token in enumerate(tokens):
        if begins >= length:
            return index
        begins += len(token)
    return len(tokens)


def _counted_by(usage: Usage) -> Any:
    known = usage.input_tokens is not None or usage.output_tokens is not None
    return "provider" if known else None


def _counted_here(
    spec: OpenAIOptions, request: Request, reply: Reply, usage: Usage, tokens: LocalTokens
) -> tuple[Usage, Any]:
    """``usage`` with what is missing counted here; one such count marks them all as local."""
    read, made = usage.input_tokens, usage.output_tokens
    if read is None:
        read = tokens.input_tokens(spec, request)
    if made is None:
        made = tokens.output_tokens(reply)
    if (read, made) == (usage.input_tokens, usage.output_tokens):
        return usage, _counted_by(usage)
    counted = Usage(read, usage.cached_input_tokens, made, usage.reasoning_tokens)
    return counted, "local"
