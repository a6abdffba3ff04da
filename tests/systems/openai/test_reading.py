from __future__ import annotations

import json
from typing import Any

import pytest

from evalsuite.errors import CallFailed, CallRefused, CallRejected, CallTransient
from evalsuite.records import Completion, Request, ToolCall
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.findings import Findings
from evalsuite.systems.openai.reading import completion_from
from evalsuite.systems.price import usd_of
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import ask

ABOUT = "m at localhost:1: "


def read(
    reply: Any, request: Request | None = None, **options: Any
) -> tuple[Completion, tuple[str, ...]]:
    """The completion in ``reply``, and what was found in it, without the model's name."""
    resources = Resources()
    spec = OpenAISpec(model="m", **{"base_url": "http://localhost:1/v1", **options})
    content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    findings = Findings(spec, resources.say_once)
    completion = completion_from(spec, request or ask(), content, findings)
    assert all(note.startswith(ABOUT) for note in resources.notes)
    return completion, tuple(note.removeprefix(ABOUT) for note in resources.notes)


def chat(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": finish, **more.pop("choice", {})}
    usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
    return {"choices": [choice], "model": "m", "usage": usage, **more}


def test_a_whole_chat_reply() -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "total_tokens": 1200,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 150},
    }
    top = [{"token": "4", "logprob": -0.25}, {"token": "5", "logprob": -2.0}]
    logprobs = {
        "content": [
            {"token": "4", "logprob": -0.25, "top_logprobs": top},
            {"token": "3", "logprob": -0.5, "top_logprobs": []},
        ]
    }
    reply = chat(
        {"content": "43", "reasoning_content": "30 + 13"},
        usage=usage,
        choice={"logprobs": logprobs},
        id="x",
        system_fingerprint="fp",
    )
    prices = {
        "usd_per_million_input_tokens": 2.0,
        "usd_per_million_cached_input_tokens": 0.5,
        "usd_per_million_output_tokens": 8.0,
    }
    completion, notes = read(reply, top_logprobs=2, **prices)
    answer = completion.answer
    assert (answer.text, answer.reasoning, answer.choice) == ("43", "30 + 13", None)
    assert answer.token_logprobs == (-0.25, -0.5)
    assert answer.top_logprobs == ({"4": -0.25, "5": -2.0}, {})
    assert answer.finish_reason == "stop"
    assert (completion.input_tokens, completion.cached_input_tokens) == (1000, 400)
    assert (completion.output_tokens, completion.reasoning_tokens) == (200, 150)
    assert completion.tokens_counted_by == "provider"
    assert notes == ()
    price = OpenAISpec(model="m", **prices).price
    # (600 x 2 + 400 x 0.5 + 200 x 8) / 1e6 by hand
    assert usd_of(completion, price) == (pytest.approx(0.003), "tokens")


def test_a_whole_responses_reply() -> None:
    reply = {
        "object": "response",
        "status": "completed",
        "model": "m",
        "error": None,
        "incomplete_details": None,
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "30 + 13"}]},
            {
                "type": "message",
                "role": "assistant",
                "content": [
                    {
                        "type": "output_text",
                        "text": "43",
                        "annotations": [],
                        "logprobs": [{"token": "43", "logprob": -0.1, "top_logprobs": []}],
                    }
                ],
            },
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"x":1}'},
        ],
        "usage": {
            "input_tokens": 30,
            "input_tokens_details": {"cached_tokens": 10},
            "output_tokens": 12,
            "output_tokens_details": {"reasoning_tokens": 8},
            "total_tokens": 42,
        },
    }
    completion, notes = read(reply, api="responses", logprobs=True)
    answer = completion.answer
    assert (answer.text, answer.reasoning, answer.finish_reason) == ("43", "30 + 13", "tool_calls")
    assert answer.tool_calls == (ToolCall(name="f", arguments='{"x":1}', id="c1"),)
    assert answer.token_logprobs == (-0.1,)
    assert (completion.input_tokens, completion.cached_input_tokens) == (30, 10)
    assert (completion.output_tokens, completion.reasoning_tokens) == (12, 8)
    assert notes == ()


def responses(text: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, **more.pop("part", {})}]
    usage = {"input_tokens": 3, "output_tokens": 2}
    output = [{"type": "message", "content": content}]
    return {"status": "completed", "model": "m", "output": output, "usage": usage, **more}


def test_a_response_says_why_it_is_not_whole() -> None:
    def why(reason: str) -> dict[str, Any]:
        return {"status": "incomplete", "incomplete_details": {"reason": reason}}

    cut, _ = read(responses("4", **why("max_output_tokens")), api="responses")
    assert (cut.answer.text, cut.answer.finish_reason) == ("4", "length")
    with pytest.raises(CallRejected) as caught:
        read(responses("4", **why("content_filter")), api="responses")
    assert caught.value.kind == "content_filter"


@pytest.mark.parametrize(
    "reply",
    [{"status": "completed"}, {"output": [{"type": "function_call", "arguments": "{}"}]}, {}],
)
def test_a_response_without_its_parts_is_malformed(reply: dict[str, Any]) -> None:
    with pytest.raises(CallTransient) as caught:
        read(reply, api="responses")
    assert caught.value.kind == "malformed_reply"


def test_a_failed_response_is_an_error() -> None:
    failed = {"status": "failed", "error": {"code": "server_error", "message": "oops"}}
    with pytest.raises(CallTransient, match="oops") as caught:
        read({"output": [], **failed}, api="responses")
    assert (caught.value.kind, caught.value.billed) == ("server_error", None)


def test_a_refusal_is_what_the_model_said() -> None:
    assert read(chat({"content": None, "refusal": "I cannot."}))[0].answer.text == "I cannot."
    content = [{"type": "refusal", "refusal": "I cannot."}]
    reply = responses("", output=[{"type": "message", "content": content}])
    assert read(reply, api="responses")[0].answer.text == "I cannot."


def test_responses_take_no_stop_strings_so_the_text_is_cut_here() -> None:
    tokens = [{"token": token, "logprob": -0.5} for token in ("4", "3", "\n", "\n", "Next")]
    reply = responses("43\n\nNext", part={"logprobs": tokens})
    request = ask(stop=("\n\n", "?"), temperature=1.0)
    completion, notes = read(reply, request, api="responses", logprobs=True)
    assert (completion.answer.text, completion.answer.finish_reason) == ("43", "stop")
    assert completion.answer.token_logprobs == (-0.5, -0.5)
    assert notes == (
        "the Responses API takes no seed: answers cannot be drawn again",
        "the Responses API takes no stop strings: answers are cut at them here",
    )


def test_completions_in_both_forms_of_logprobs() -> None:
    legacy = {
        "tokens": ["4", "3"],
        "token_logprobs": [-0.25, -0.5],
        "top_logprobs": [{"4": -0.25, "5": -2.0}, {"3": -0.5}],
        "text_offset": [10, 11],
    }
    newer = {"content": [{"token": "4", "logprob": -0.25}, {"token": "3", "logprob": -0.5}]}
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    for logprobs in (legacy, newer):
        choice = {"index": 0, "text": "43", "finish_reason": "length", "logprobs": logprobs}
        reply = {"choices": [choice], "model": "m", "usage": usage}
        completion, notes = read(reply, ask(max_output_tokens=2), api="completions", logprobs=True)
        assert completion.answer.text == "43"
        assert completion.answer.token_logprobs == (-0.25, -0.5)
        assert notes == ()


def test_answers_without_content() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    cut, _ = read(chat({"content": ""}, "length"))
    assert (cut.answer.text, cut.answer.finish_reason) == ("", "length")
    tools, _ = read(chat({"content": None, "tool_calls": [call]}, "tool_calls"))
    assert tools.answer.text is None
    assert tools.answer.tool_calls == (ToolCall(name="f", arguments="{}", id="1"),)


def test_arguments_that_came_as_an_object_are_text() -> None:
    call = {"function": {"name": "f", "arguments": {"city": "Åre"}}}
    completion, _ = read(chat({"content": None, "tool_calls": [call]}, "tool_calls"))
    assert completion.answer.tool_calls == (ToolCall(name="f", arguments='{"city":"Åre"}'),)


def test_content_in_parts() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "30 + 13"}]}
    completion, _ = read(chat({"content": [thinking, {"type": "text", "text": "43"}]}))
    assert (completion.answer.text, completion.answer.reasoning) == ("43", "30 + 13")


@pytest.mark.parametrize(
    ("message", "finish", "failure", "kind"),
    [
        ({"content": ""}, "stop", CallRejected, "empty_answer"),
        ({"content": None}, None, CallRejected, "empty_answer"),
        ({"content": None}, "content_filter", CallRejected, "content_filter"),
        ({"content": "half of"}, "content_filter", CallRejected, "content_filter"),
        ({"content": "half of"}, "error", CallTransient, "server_error"),
    ],
)
def test_nothing_and_half_are_no_answers(
    message: dict[str, Any], finish: str | None, failure: type[CallFailed], kind: str
) -> None:
    with pytest.raises(failure) as caught:
        read(chat(message, finish))
    assert (caught.value.kind, caught.value.billed) == (kind, None)


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"",
        b'{"id":"x","choices":[{"mess',
        b"<html><body>Sign in</body></html>",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b'{"choices": [{"text": "43"}]}',
        b'{"choices": [{"message": {"content": [7]}}]}',
        b'{"choices": [{"message": {"tool_calls": [{"function": {}}]}}]}',
        b"[]",
        b'{"choices": [{"message": {"content": "\xff"}}]}',
    ],
)
def test_what_is_no_answer_is_malformed(content: bytes) -> None:
    with pytest.raises(CallTransient, match="not an answer of this API") as caught:
        read(content)
    assert (caught.value.kind, caught.value.billed) == ("malformed_reply", None)


@pytest.mark.parametrize(
    ("error", "failure", "kind"),
    [
        ({"code": 429, "message": "slow down"}, CallTransient, "rate_limited"),
        ({"code": "502", "message": "upstream"}, CallTransient, "server_error"),
        ({"message": "upstream"}, CallTransient, "server_error"),
        ("upstream", CallTransient, "server_error"),
        ({"code": 402, "message": "no credits"}, CallRefused, "quota_used_up"),
        ({"code": 403, "message": "flagged by moderation"}, CallRejected, "content_filter"),
        ({"type": "invalid_request_error", "message": "no"}, CallRejected, "bad_request"),
        ({"code": 99, "message": "odd"}, CallTransient, "server_error"),
    ],
)
def test_an_error_with_status_200_is_an_error(
    error: Any, failure: type[Exception], kind: str
) -> None:
    for reply in ({"error": error}, {"choices": [{"error": error, "finish_reason": "error"}]}):
        with pytest.raises(failure) as caught:
            read(reply)
        assert vars(caught.value)["kind"] == kind
        assert failure is CallRefused or vars(caught.value)["billed"] is None


ONE_TOKEN = [{"token": "43", "logprob": -0.5, "top_logprobs": []}]


@pytest.mark.parametrize(
    ("reply", "options", "note"),
    [
        (chat({"content": "43"}, model="m-q4"), {}, "the answers are signed 'm-q4'"),
        (
            chat({"content": "43"}),
            {"logprobs": True},
            "log-probabilities were asked for; there are none in the answers",
        ),
        (
            chat({"content": "43"}, choice={"logprobs": {"content": [{"token": "43"}]}}),
            {"logprobs": True},
            "log-probabilities were asked for; there are none in the answers",
        ),
        (
            chat({"content": "43"}, usage=None),
            {},
            "the answers come without token counts: they are unknown; `tokenizer` counts them",
        ),
        (
            chat({"content": "43"}, None),
            {},
            "no finish_reason: a cut off answer cannot be told from a whole one",
        ),
        (
            chat({"content": "43"}, "length"),
            {},
            "an answer was cut off after 5 tokens although 256 were allowed: the endpoint has a "
            "limit of its own",
        ),
        (
            chat({"content": "43"}, usage={"prompt_tokens": 20, "completion_tokens": 256}),
            {},
            "finish_reason 'stop' for an answer of exactly the 256 tokens allowed: it may be cut "
            "off",
        ),
        (
            chat({"content": "43"}, usage={"prompt_tokens": 20, "completion_tokens": 300}),
            {},
            "300 output tokens although at most 256 were asked for",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    reply: dict[str, Any], options: dict[str, Any], note: str
) -> None:
    completion, notes = read(reply, **options)
    assert completion.answer.text == "43"
    assert notes == (note,)


def test_an_answer_that_is_not_the_json_asked_for() -> None:
    request = ask(output_schema={"type": "object"})
    assert read(chat({"content": '{"sum": 43}'}), request)[1] == ()
    assert read(chat({"content": "It is 43."}), request)[1] == (
        "a JSON schema was asked for; the answer is not JSON",
    )
    cut = read(chat({"content": '{"su'}, "length"), request)[1]
    assert len(cut) == 1 and cut[0].startswith("an answer was cut off")


def test_a_limit_of_the_users_own_is_not_compared_with_ours() -> None:
    reply = chat({"content": "43"}, usage={"prompt_tokens": 20, "completion_tokens": 300})
    assert read(reply, extra={"max_tokens": None})[1] == ()


@pytest.mark.parametrize(
    ("usage", "counts", "note"),
    [
        (
            {"prompt_tokens": 20, "completion_tokens": 0},
            (20, None, None, None),
            "0 output tokens are claimed for an answer: not believed",
        ),
        (
            {"prompt_tokens": 20, "completion_tokens": 5, "prompt_cache_hit_tokens": 30},
            (20, None, 5, None),
            "30 cached of 20 input tokens are claimed: not believed",
        ),
        (
            {
                "prompt_tokens": 20,
                "completion_tokens": 5,
                "total_tokens": 25,
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            (20, None, 5, None),
            "9 reasoning of 5 output tokens: not believed",
        ),
        (  # xAI counts reasoning beside the completion; Gemini names it in the total alone
            {
                "prompt_tokens": 20,
                "completion_tokens": 5,
                "total_tokens": 34,
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            (20, None, 14, 9),
            "9 of 34 tokens are neither input nor output: taken for reasoning, which is output",
        ),
        (
            {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 34},
            (20, None, 14, 9),
            "9 of 34 tokens are neither input nor output: taken for reasoning, which is output",
        ),
        ({"prompt_tokens": "20", "completion_tokens": -1}, (None,) * 4, "token counts"),
        ({"prompt_tokens": True}, (None,) * 4, "token counts"),
    ],
)
def test_counts_that_cannot_be_are_not_believed(
    usage: dict[str, Any], counts: tuple[int | None, ...], note: str
) -> None:
    completion, notes = read(chat({"content": "43"}, usage=usage))
    assert counts == (
        completion.input_tokens,
        completion.cached_input_tokens,
        completion.output_tokens,
        completion.reasoning_tokens,
    )
    assert len(notes) == 1 and note in notes[0]


def test_unknown_counts_make_an_unknown_cost() -> None:
    prices = {"usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 1.0}
    completion, _ = read(chat({"content": "43"}, usage={}), **prices)
    assert completion.tokens_counted_by is None
    assert usd_of(completion, OpenAISpec(model="m", **prices).price) == (None, None)


def test_a_finding_is_said_once_with_its_first_figures() -> None:
    resources = Resources()
    spec = OpenAISpec(model="m", base_url="http://localhost:1/v1")
    findings = Findings(spec, resources.say_once)
    for count in (300, 301, 302):
        reply = chat({"content": "43"}, usage={"prompt_tokens": 1, "completion_tokens": count})
        completion_from(spec, ask(), json.dumps(reply).encode(), findings)
    assert resources.notes == (f"{ABOUT}300 output tokens although at most 256 were asked for",)
