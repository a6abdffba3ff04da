"""Rendered prompts are those of transformers, which is the reference for chat templates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Message, Request, Tool, ToolCall
from evalsuite.systems.openai.template import ChatTemplate, load_template, template_in
from tests.systems.openai.endpoint import ask

# In the manner of ChatML with tools: conditions, loops with controls, JSON, a namespace.
CHATML = """
{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}
        {{- tool | tojson }}
        {{- '\\n' }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- set seen = namespace(user=false) %}
{%- for message in messages %}
    {%- if message.role == 'skip' %}{% continue %}{% endif %}
    {%- if message.role == 'user' %}{% set seen.user = true %}{% endif %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content }}
    {%- for call in message.tool_calls or [] %}
        {{- '\\n<tool_call>' + call.function.name + ' ' }}{{ call.function.arguments | tojson }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if not seen.user %}{{ raise_exception('No user query') }}{% endif %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
TURNS = (
    Message(role="system", content="Be brief <&> clear."),
    Message(role="user", content="Is it warm in Åre?"),
    Message(
        role="assistant",
        content="",
        tool_calls=(ToolCall(name="weather", arguments='{"city": "Åre"}', id="c1"),),
    ),
    Message(role="tool", content="12 C", tool_call_id="c1"),
)
WEATHER = Tool(name="weather", description="In a <city>", parameters={"type": "object"})


def tokenizer_folder(folder: Path, template: str, **config: Any) -> Path:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder.mkdir()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(["<s>", "</s>", "<|im_start|>", "<|im_end|>"])
    core.save(str(folder / "tokenizer.json"))
    described = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": {"content": "</s>", "__type": "AddedToken"},
        "chat_template": template,
        **config,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
    return folder


@pytest.mark.parametrize(
    "request_",
    [
        ask("hi"),
        ask(messages=TURNS),
        ask(messages=TURNS, tools=(WEATHER,)),
    ],
)
def test_prompts_are_those_of_transformers(tmp_path: Path, request_: Request) -> None:
    transformers = pytest.importorskip("transformers")
    folder = tokenizer_folder(tmp_path / "t", "{{ bos_token }}" + CHATML + "{{ eos_token }}")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    turns: list[dict[str, Any]] = [
        {"role": t.role, "content": t.content} for t in request_.messages
    ]
    for turn, message in zip(turns, request_.messages, strict=True):
        if message.tool_calls:
            call = message.tool_calls[0]
            arguments = json.loads(call.arguments)
            function = {"name": call.name, "arguments": arguments}
            turn["tool_calls"] = [{"type": "function", "function": function}]
        if message.tool_call_id:
            turn["tool_call_id"] = message.tool_call_id
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in request_.tools
    ]
    expected = tokenizer.apply_chat_template(
        turns, tools=tools or None, tokenize=False, add_generation_prompt=True
    )
    ours = load_template(str(folder))
    assert ours.render(request_, "<s>") == expected
    assert ours.render(request_) == expected.removeprefix("<s>")


def test_where_templates_are_found(tmp_path: Path) -> None:
    file = tmp_path / "own.jinja"
    file.write_text("[{{ messages[0].content }}]")
    assert load_template(str(file)).render(ask("hi")) == "[hi]"
    several = [{"name": "tool_use", "template": "x"}, {"name": "default", "template": "d"}]
    named = tokenizer_folder(tmp_path / "named", "", chat_template=several)
    assert load_template(str(named)).render(ask("hi")) == "d"
    beside = tokenizer_folder(tmp_path / "beside", "old")
    (beside / "chat_template.jinja").write_text("new")
    assert load_template(str(beside)).render(ask("hi")) == "new"
    assert template_in(tokenizer_folder(tmp_path / "bare", "", chat_template=None)) is None


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file or folder"):
        load_template(str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match=r"neither chat_template\.jinja nor"):
        load_template(str(tmp_path))
    with pytest.raises(ConfigError, match="chat_template x: "):
        ChatTemplate("{% if %}", "", "x")


def test_messages_that_a_template_refuses_are_rejected() -> None:
    template = ChatTemplate(CHATML, "", "x")
    with pytest.raises(CallRejected, match="No user query") as caught:
        template.render(ask(messages=TURNS[:1]))
    assert (caught.value.kind, caught.value.billed) == ("bad_request", False)


def test_a_template_reaches_nothing_outside() -> None:
    template = ChatTemplate("{{ ''.__class__.__mro__[1].__subclasses__() }}", "", "x")
    with pytest.raises(CallRejected, match="unsafe"):
        template.render(ask("hi"))


def test_the_hash_is_of_the_source() -> None:
    one, same, other = (ChatTemplate(text, "", "x") for text in ("a", "a", "b"))
    assert one.content_hash == same.content_hash != other.content_hash
