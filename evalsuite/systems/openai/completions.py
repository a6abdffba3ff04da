"""Legacy Completions: a prompt of text, and log-probabilities of the prompt by ``echo``."""

from __future__ import annotations

from typing import Any

from evalsuite.errors import CallRejected
from evalsuite.prompting import form_of
from evalsuite.records import Request
from evalsuite.systems.openai.chat import NoAnswerInIt, response_format, seed_of
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.template import load_template, plain_prompt
from evalsuite.systems.openai.wire import Reply, WireReply, logprobs_from, usage_from


def prompt_of(spec: OpenAIOptions, request: Request) -> str:
    """The prompt: by the chat template where one is named, else joined by blank lines.

    A task in completion form is text already, which no template is put around.

    Raises CallRejected for what has no place in a text.
    """
    if any(turn.images for turn in request.messages):
        raise _no_place_for("images")
    if templated(spec, request):
        assert spec.chat_template is not None
        return load_template(spec.chat_template).render(request)
    if request.tools or any(turn.tool_calls or turn.tool_call_id for turn in request.messages):
        raise _no_place_for("tools (without a `chat_template`)")
    return plain_prompt(request)


def templated(spec: OpenAIOptions, request: Request) -> bool:
    """Whether a chat template renders the prompt of ``request``."""
    return spec.chat_template is not None and form_of(request.task) == "chat"


def completions_body(spec: OpenAIOptions, request: Request) -> dict[str, Any]:
    """The body of ``request``, before ``extra`` is applied."""
    body: dict[str, Any] = {
        "model": spec.model,
        "prompt": prompt_of(spec, request),
        "temperature": request.temperature,
        spec.length_field or "max_tokens": request.max_output_tokens,
    }
    if request.temperature > 0:
        body["seed"] = seed_of(request)
    if request.stop:
        body["stop"] = list(request.stop)
    if request.output_schema is not None:
        body["response_format"] = response_format(request.output_schema, strict=spec.strict_schema)
    if spec.reasoning_effort is not None:
        body["reasoning_effort"] = spec.reasoning_effort
    if spec.wants_logprobs:
        body["logprobs"] = spec.top_logprobs or 1
    return body


def echo_body(spec: OpenAIOptions, text: str) -> dict[str, Any]:
    """The body that asks for the log-probabilities of the tokens of ``text``.

    One token is generated, because not every endpoint takes a limit of 0.
    """
    return {
        "model": spec.model,
        "prompt": text,
        "temperature": 0.0,
        spec.length_field or "max_tokens": 1,
        "echo": True,
        "logprobs": 1,
    }


def read_completions(wire: WireReply) -> Reply:
    """The first choice. Raises NoAnswerInIt where there is none, or no text in it."""
    choice = wire.choices[0] if wire.choices else None
    if choice is None or choice.text is None:
        raise NoAnswerInIt
    tokens, token_logprobs, top_logprobs = logprobs_from(choice.logprobs)
    return Reply(
        text=choice.text,
        tokens=tokens,
        token_logprobs=token_logprobs,
        top_logprobs=top_logprobs,
        finish_reason=choice.finish_reason or None,
        model=wire.model,
        usage=usage_from(wire.usage),
    )


def _no_place_for(what: str) -> CallRejected:
    message = f"`api: completions` sends text, which has no place for {what}: use `api: chat`"
    return CallRejected(message, kind="bad_request", billed=False)
