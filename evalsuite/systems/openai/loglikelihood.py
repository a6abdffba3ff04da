"""Closed sets answered by log-likelihood: each choice is read as a continuation of the prompt.

The Completions API gives the log-probabilities of a prompt with ``echo``. Where in its tokens the
choice begins is found in the tokens themselves: ``text_offset`` counts special tokens that are
not in the text at some endpoints, and is missing at others. What cannot be placed is refused.

The three scores are those of lm-eval (Gao et al., "A framework for few-shot language model
evaluation"): ``sum`` is its acc, ``per_character`` its acc_norm; ``per_token`` is the length
normalisation of Brown et al. (2020), "Language Models are Few-Shot Learners", section 2.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from evalsuite.errors import CallRejected
from evalsuite.records import Answer, Completion, Request
from evalsuite.systems.decoding import softmax
from evalsuite.systems.openai.completions import prompt_of, templated
from evalsuite.systems.openai.findings import Findings
from evalsuite.systems.openai.options import ChoiceScore, OpenAIOptions
from evalsuite.systems.openai.reading import decoded, reply_from
from evalsuite.systems.openai.wire import Logprobs, Usage, WireReply

# Stand-ins for a token that is a part of a letter.
_PARTIAL = ("\ufffd", "bytes:")


class Echo(msgspec.Struct, frozen=True):
    """A prompt with a choice after it; the choice begins at letter ``begins`` of ``text``."""

    text: str
    begins: int
    choice: str


def echoes_of(spec: OpenAIOptions, request: Request, findings: Findings) -> list[Echo]:
    """What to send for each choice of ``request``.

    After a plain prompt a choice follows after a space, or after the white space that the prompt
    ends in: a token may begin with that space, so it is the choice's and not the prompt's. After a
    chat template it follows at once. Raises CallRejected where the endpoint is known not to echo.
    """
    if findings.known("echo"):
        raise _ignored("it did not answer an earlier request with them", billed=False)
    prompt = prompt_of(spec, request)
    chat = templated(spec, request)
    context = prompt if chat else prompt.rstrip()
    gap = prompt[len(context) :] or ("" if chat else " ")
    return [Echo(context + gap + choice, len(context), choice) for choice in request.choices or ()]


def echo_from(
    spec: OpenAIOptions, echo: Echo, content: bytes, findings: Findings, **measured: Any
) -> Completion:
    """The log-probabilities of the tokens of ``echo.choice``, as those of an answer.

    Raises CallRejected (``no_loglikelihood``) where the reply does not hold them; what an error in
    it means, and malformed_reply, as ``completion_from`` does.
    """
    wire = decoded("completions", content)
    reply = reply_from("completions", wire)
    findings.signed(reply)
    try:
        logprobs = _choice_logprobs(echo, reply.text or "", wire)
    except _NoEcho as missing:
        findings.tell("echo", f"choices cannot be scored: {missing}")
        raise _ignored(str(missing), billed=None) from None
    usage = reply.usage or Usage()
    if usage.input_tokens is None:
        findings.without_counts()
    return Completion(
        answer=Answer(text=echo.choice, token_logprobs=logprobs),
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        tokens_counted_by=None if usage.input_tokens is None else "provider",
        **measured,
    )


class _NoEcho(Exception):
    """The endpoint ignores ``echo``, or gives no log-probabilities of the prompt."""


def _choice_logprobs(echo: Echo, text: str, wire: Any) -> tuple[float, ...]:
    """The log-probabilities of the tokens that hold letters of the choice."""
    if not text.startswith(echo.text):
        raise _NoEcho("the endpoint ignores `echo`: the prompt is not in its answer")
    assert isinstance(wire, WireReply)
    given = wire.choices[0].logprobs if wire.choices else None
    tokens, values = _parallel(given)
    if not tokens or len(tokens) != len(values):
        raise _NoEcho("the endpoint gives no log-probabilities with `echo`")
    begins, ends = echo.begins, len(echo.text)
    spans = token_spans(tokens, text, ends)
    if spans is None:
        if len(tokens) == 1:
            raise _NoEcho("the endpoint gives log-probabilities of what it generated alone")
        message = "the tokens of the echoed prompt do not add up to its text"
        raise CallRejected(message, kind="no_loglikelihood")
    scored = [
        value
        for value, (begin, end) in zip(values, spans, strict=True)
        if begin < ends and (end > begins or begin >= begins)
    ]
    known = tuple(value for value in scored if value is not None)
    if not known or len(known) != len(scored):
        message = f"a token of the choice {echo.choice!r} has no log-probability"
        raise CallRejected(message, kind="no_loglikelihood")
    return known


def _parallel(given: Logprobs | None) -> tuple[list[str], list[float | None]]:
    """Tokens and log-probabilities, from either form."""
    if given is None:
        return [], []
    if given.content:
        return [one.token for one in given.content], [one.logprob for one in given.content]
    return given.tokens or [], given.token_logprobs or []


def token_spans(tokens: Sequence[str], text: str, until: int) -> list[tuple[int, int]] | None:
    """Where in ``text`` each of ``tokens`` begins and ends; None where they do not add up to it.

    Only the first ``until`` letters count; later tokens have empty spans. A token that is not in
    the text where the one before it ended is one of these, or nothing: a special token (``<s>``),
    which takes no letters; a word shown without the space that is part of it, as decoders of
    single tokens show it; a part of a letter, shown by a stand-in, which is given all letters up
    to the next token that can be read.
    """
    spans: list[tuple[int, int]] = []
    unread: list[int] = []
    at = 0
    for index, shown in enumerate(tokens):
        token = shown if "\u2581" in text else shown.replace("\u2581", " ")
        begin = None if at >= until else _next_begin(text, token, at, len(unread))
        spans.append((at, at))
        if begin is None:
            if at >= until or not token or _special(token):
                continue
            if not any(mark in token for mark in _PARTIAL):
                return None
            unread.append(index)
            continue
        for partial in unread:
            spans[partial] = (at, begin)
        end = begin + len(token)
        spans[index] = (begin if unread else at, end)
        unread, at = [], end
    if unread and len(text) == until:
        for partial in unread:
            spans[partial] = (at, until)
        at = until
    return spans if at >= until else None


def _next_begin(text: str, token: str, at: int, unread: int) -> int | None:
    """Where ``token`` is in ``text``, read up to ``at``; None where it is not next.

    After ``unread`` parts of letters it may be that many letters on; else one space on at most.
    """
    if not token:
        return None
    if unread:
        found = text.find(token, at + 1, at + unread + len(token))
        return None if found < 0 else found
    if text.startswith(token, at):
        return at
    if text[at : at + 1].isspace() and text.startswith(token, at + 1):
        return at + 1
    return None


def _special(token: str) -> bool:
    return len(token) > 2 and token[0] in "<[" and token[-1] in ">]"


def best_choice(
    score: ChoiceScore, choices: Sequence[str], completions: Sequence[Completion]
) -> Completion:
    """One answer of the scored ``completions``, which are those of ``choices``, in their order.

    ``probabilities`` are the softmax of the scores. Of choices with the same score the first is
    taken, as lm-eval does; their probabilities are equal, which shows it. Raises CallRejected
    (``no_loglikelihood``) where every log-probability is 0: that is what an endpoint sends that
    computes none.
    """
    logprobs = [completion.answer.token_logprobs or () for completion in completions]
    if not any(value for values in logprobs for value in values):
        message = "the endpoint gives every token of every choice the log-probability 0"
        raise CallRejected(message, kind="no_loglikelihood")
    scores = [
        sum(values) / _length(score, choice, len(values))
        for choice, values in zip(choices, logprobs, strict=True)
    ]
    probabilities = softmax(scores)
    best = max(range(len(choices)), key=scores.__getitem__)
    known = all(completion.tokens_counted_by for completion in completions)
    return Completion(
        answer=Answer(
            text=choices[best],
            choice=choices[best],
            probabilities=dict(zip(choices, probabilities, strict=True)),
            token_logprobs=logprobs[best],
            finish_reason="stop",
        ),
        input_tokens=_sum(one.input_tokens for one in completions),
        cached_input_tokens=_sum(one.cached_input_tokens for one in completions),
        output_tokens=_sum(one.output_tokens for one in completions),
        tokens_counted_by="provider" if known else None,
        queue_seconds=max(one.queue_seconds or 0.0 for one in completions),
        service_seconds=max(one.service_seconds or 0.0 for one in completions),
        retries=sum(one.retries for one in completions),
        backoff_seconds=max(one.backoff_seconds for one in completions),
        maybe_billed_attempts=sum(one.maybe_billed_attempts for one in completions),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(count or 0 for count in known)


def _length(score: ChoiceScore, choice: str, tokens: int) -> int:
    if score == "per_token":
        return tokens
    return max(len(choice), 1) if score == "per_character" else 1


def _ignored(why: str, *, billed: bool | None) -> CallRejected:
    advice = "`choice_score: generate` asks for the choice instead"
    message = f"no log-likelihood of the choices: {why}; {advice}"
    return CallRejected(message, kind="no_loglikelihood", billed=billed)
