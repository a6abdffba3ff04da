"""Error bodies as endpoints send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient
from evalsuite.systems.openai.failures import Congested, failure_from, fault_in, retry_after_seconds

TOO_LONG = "This model's maximum context length is 8192 tokens. However, you requested 9000."


def openai(message: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, **more}}


@pytest.mark.parametrize(
    ("status", "body", "failure", "kind"),
    [
        # OpenAI
        (
            401,
            openai("Incorrect API key provided", "invalid_api_key"),
            CallRefused,
            "not_authorised",
        ),
        (403, openai("You do not have access"), CallRefused, "not_authorised"),
        (404, openai("The model `m` does not exist", "model_not_found"), CallRefused, "not_found"),
        (429, openai("You exceeded it", "insufficient_quota"), CallRefused, "quota_used_up"),
        (429, openai("Rate limit reached", "rate_limit_exceeded"), CallTransient, "rate_limited"),
        (
            429,
            openai("Request too large for gpt-5 on tokens per min", "rate_limit_exceeded"),
            CallRejected,
            "context_too_long",
        ),
        (400, openai(TOO_LONG, "context_length_exceeded"), CallRejected, "context_too_long"),
        (400, openai("filtered", "content_filter"), CallRejected, "content_filter"),
        (400, openai("Unknown parameter: 'x'"), CallRejected, "bad_request"),
        (
            400,
            openai("no", "unsupported_value", param="temperature"),
            CallRefused,
            "bad_request",
        ),
        (400, openai("no", "unsupported_value", param="messages[0]"), CallRejected, "bad_request"),
        (500, openai("The server had an error"), CallTransient, "server_error"),
        (503, "<html>\n<h1>503 Service Unavailable</h1>", CallTransient, "server_error"),
        (408, "", CallTransient, "timeout"),
        # vLLM: today's form, and the older one that SGLang has
        (400, {"error": {"message": TOO_LONG, "code": 400}}, CallRejected, "context_too_long"),
        (400, {"object": "error", "message": TOO_LONG}, CallRejected, "context_too_long"),
        (
            404,
            {"object": "error", "message": "The model `n` does not exist.", "code": 404},
            CallRefused,
            "not_found",
        ),
        (
            400,
            {"object": "error", "message": "Input length (9000 tokens) exceeds the maximum"},
            CallRejected,
            "context_too_long",
        ),
        # llama.cpp: a long prompt used to be a 500
        (
            500,
            {
                "error": {
                    "code": 500,
                    "message": "the request exceeds the available context size",
                    "type": "exceed_context_size_error",
                }
            },
            CallRejected,
            "context_too_long",
        ),
        (
            503,
            {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
            CallTransient,
            "server_error",
        ),
        # Ollama
        (404, {"error": {"message": "model 'x' not found"}}, CallRefused, "not_found"),
        (400, {"error": "invalid options"}, CallRejected, "bad_request"),
        (404, "404 page not found", CallRefused, "not_found"),
        # TGI
        (
            422,
            {"error": "`inputs` tokens + `max_new_tokens` must be <= 4096", "error_type": "x"},
            CallRejected,
            "context_too_long",
        ),
        # FastAPI, so `transformers serve`
        (
            422,
            {"detail": [{"loc": ["body"], "msg": "Field required"}]},
            CallRejected,
            "bad_request",
        ),
        (404, {"detail": "Not Found"}, CallRefused, "not_found"),
        # OpenRouter, and others that are paid in advance
        (
            402,
            {"error": {"code": 402, "message": "Insufficient credits"}},
            CallRefused,
            "quota_used_up",
        ),
        (
            403,
            {"error": {"code": 403, "message": "Your input was flagged"}},
            CallRejected,
            "content_filter",
        ),
        (400, {"error": {"message": "x is not a valid model ID"}}, CallRefused, "not_found"),
        # Gemini wraps it in a list
        (
            400,
            [{"error": {"message": "API key not valid. Pass one."}}],
            CallRefused,
            "not_authorised",
        ),
        # An address that is not there
        (307, "", CallRefused, "not_found"),
        (405, "", CallRefused, "not_found"),
        (413, "too big", CallRejected, "bad_request"),
    ],
)
def test_errors_are_typed(status: int, body: Any, failure: type[Exception], kind: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    found = failure_from(status, text, 3.0)
    assert isinstance(found, failure)
    assert isinstance(found, Congested) == (kind == "rate_limited" or status == 503)
    assert found.kind == kind
    assert f"HTTP {status}: " in str(found)
    assert "\n" not in str(found)
    if isinstance(found, CallFailed):
        assert found.billed is False
    if isinstance(found, CallTransient):
        assert found.retry_after_seconds == 3.0


def test_messages_are_short_and_printable() -> None:
    page = failure_from(502, "<html>\n" + "x\x1b[31m\x00" * 2000)
    assert len(str(page)) < 330
    assert str(page).isprintable()
    assert str(failure_from(500, "")) == "HTTP 500: (empty body)"


def test_a_provider_behind_a_router_is_quoted() -> None:
    error = {"message": "Provider returned error", "code": 502, "metadata": {"raw": "overloaded"}}
    fault = fault_in(json.dumps({"error": error}))
    assert (fault.message, fault.status) == ("Provider returned error: overloaded", 502)


def test_advice_names_what_to_write() -> None:
    body = json.dumps(openai("no", "unsupported_parameter", param="temperature"))
    assert str(failure_from(400, body)).endswith("`extra: {temperature: null}` leaves it out")
    assert "check `base_url`" in str(failure_from(404, "nothing here"))


@pytest.mark.parametrize("content", ["7", "null", "[]", "{}", '"x"', '{"error": null}', "{"])
def test_any_body_has_a_message(content: str) -> None:
    assert fault_in(content).message == content


def test_retry_after_is_seconds_or_milliseconds_or_a_date() -> None:
    assert retry_after_seconds({"Retry-After": "1.5"}) == 1.5
    assert retry_after_seconds({"retry-after-ms": "250", "Retry-After": "9"}) == 0.25
    assert retry_after_seconds({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_seconds({"Retry-After": "-3"}) == 0.0
    for odd in ("soon", "inf", "nan", ""):
        assert retry_after_seconds({"Retry-After": odd}) is None
    assert retry_after_seconds({}) is None
