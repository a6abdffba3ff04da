from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import CallRejected
from evalsuite.records import Message, Request, Tool, ToolCall
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.bodies import body_of, streamed
from tests.systems.openai.endpoint import ask

IMAGE = "data:image/png;base64,iVBORw0KGgo="
SCHEMA = {
    "type": "object",
    "properties": {"sum": {"type": "integer"}},
    "required": ["sum"],
    "additionalProperties": False,
}
WEATHER = Tool(
    name="weather",
    description="The weather in a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}},
)
TURNS = (
    Message(role="system", content="Be brief."),
    Message(role="user", content="Is it warm there?", images=(IMAGE,)),
    Message(
        role="assistant",
        content="",
        tool_calls=(ToolCall(name="weather", arguments='{"city":"Oslo"}', id="call_7"),),
    ),
    Message(role="tool", content="12 C", tool_call_id="call_7"),
    Message(role="assistant", content="No, 12 C."),
    Message(role="user", content="And now?"),
)


def body(request: Request, **options: Any) -> dict[str, Any]:
    spec = OpenAISpec(model="m", **{"base_url": "http://localhost:1/v1", **options})
    made = body_of(spec, request)
    assert json.loads(json.dumps(made)) == made
    return made


def test_a_plain_chat() -> None:
    assert body(ask(max_output_tokens=300, stop=("\n\n",))) == {
        "model": "m",
        "messages": [{"role": "user", "content": "what is 12 + 31?"}],
        "temperature": 0.0,
        "max_tokens": 300,
        "stop": ["\n\n"],
    }


def test_a_chat_with_everything() -> None:
    request = ask(messages=TURNS, tools=(WEATHER,), output_schema=SCHEMA)
    sent = body(request, reasoning_effort="low", top_logprobs=3, extra={"tool_choice": "auto"})
    assert sent == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": IMAGE}},
                    {"type": "text", "text": "Is it warm there?"},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_7",
                        "type": "function",
                        "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_7", "content": "12 C"},
            {"role": "assistant", "content": "No, 12 C."},
            {"role": "user", "content": "And now?"},
        ],
        "temperature": 0.0,
        "max_tokens": 256,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "The weather in a city",
                    "parameters": WEATHER.parameters,
                },
            }
        ],
        "tool_choice": "auto",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
        "reasoning_effort": "low",
        "logprobs": True,
        "top_logprobs": 3,
    }


def test_responses_with_everything() -> None:
    request = ask(messages=TURNS, tools=(WEATHER,), output_schema=SCHEMA, temperature=0.5)
    sent = body(request, api="responses", reasoning_effort="low", top_logprobs=3)
    assert sent == {
        "model": "m",
        "instructions": "Be brief.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": IMAGE},
                    {"type": "input_text", "text": "Is it warm there?"},
                ],
            },
            {
                "type": "function_call",
                "call_id": "call_7",
                "name": "weather",
                "arguments": '{"city":"Oslo"}',
            },
            {"type": "function_call_output", "call_id": "call_7", "output": "12 C"},
            {"role": "assistant", "content": "No, 12 C."},
            {"role": "user", "content": "And now?"},
        ],
        "temperature": 0.5,
        "max_output_tokens": 256,
        "store": False,
        "tools": [
            {
                "type": "function",
                "name": "weather",
                "description": "The weather in a city",
                "parameters": WEATHER.parameters,
                "strict": False,
            }
        ],
        "text": {
            "format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}
        },
        "reasoning": {"effort": "low"},
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 3,
    }


def test_completions_join_the_messages() -> None:
    turns = (Message(role="system", content="Add."), Message(role="user", content="1 + 2 ="))
    request = ask(messages=turns, stop=("\n",))
    assert body(request, api="completions", logprobs=True) == {
        "model": "m",
        "prompt": "Add.\n\n1 + 2 =",
        "temperature": 0.0,
        "max_tokens": 256,
        "stop": ["\n"],
        "logprobs": 1,
    }


def test_completions_render_a_named_template(tmp_path: Path) -> None:
    template = tmp_path / "chat.jinja"
    template.write_text(
        "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    sent = body(ask("hi"), api="completions", chat_template=str(template))
    assert sent["prompt"] == "<|user|>hi<|assistant|>"


@pytest.mark.parametrize(
    "request_", [ask(messages=TURNS[1:2]), ask(messages=TURNS[2:4]), ask(tools=(WEATHER,))]
)
def test_completions_have_no_place_for_images_and_tools(request_: Request) -> None:
    with pytest.raises(CallRejected, match="use `api: chat`") as caught:
        body(request_, api="completions")
    assert (caught.value.kind, caught.value.billed) == ("bad_request", False)


def test_the_field_that_limits_the_answer() -> None:
    assert "max_tokens" in body(ask())
    assert "max_completion_tokens" in body(ask(), base_url="https://api.openai.com/v1")
    azure = "https://mine.openai.azure.com/openai/v1"
    assert "max_completion_tokens" in body(ask(), base_url=azure)
    older = body(ask(), base_url="https://api.openai.com/v1", length_field="max_tokens")
    assert "max_tokens" in older and "max_completion_tokens" not in older


@pytest.mark.parametrize("api", ["chat", "responses", "completions"])
def test_extra_fields_replace_and_remove_ours(api: str) -> None:
    sent = body(ask(), api=api, extra={"temperature": None, "model": "other", "top_p": 0.5})
    assert "temperature" not in sent
    assert (sent["model"], sent["top_p"]) == ("other", 0.5)


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_repeats_are_drawn_with_different_seeds(api: str) -> None:
    seeds = [body(ask(temperature=0.7, repeat=r), api=api)["seed"] for r in (0, 1, 0)]
    assert seeds[0] == seeds[2] != seeds[1]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert "seed" not in body(ask(temperature=0.0), api=api)
    assert "seed" not in body(ask(temperature=0.7), api="responses")


def test_streams_ask_for_token_counts_where_they_must() -> None:
    for api, options in (
        ("chat", {"include_usage": True}),
        ("completions", {"include_usage": True}),
        ("responses", None),
    ):
        spec = OpenAISpec(model="m", base_url="http://localhost:1/v1", api=api, stream=True)
        sent = streamed(spec, body_of(spec, ask()), usage=True)
        assert (sent["stream"], sent.get("stream_options")) == (True, options)
        assert "stream_options" not in streamed(spec, body_of(spec, ask()), usage=False)
