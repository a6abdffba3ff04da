from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalsuite.errors import ConfigError
from evalsuite.records import Message, Request, ToolCall
from evalsuite.systems.openai import OpenAISpec
from evalsuite.systems.openai.tokens import LocalTokens
from evalsuite.systems.openai.wire import Reply
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import Endpoint, ask, asking, chat
from tests.systems.openai.test_template import CHATML, tokenizer_folder

pytest.importorskip("tokenizers")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tokenizer_folder(tmp_path / "tokenizer", "{{ bos_token }}" + CHATML)


def counted(folder: Path, request: Request, **options: Any) -> int | None:
    spec = OpenAISpec(model="m", **{"base_url": "http://localhost:1/v1", **options})
    return LocalTokens(str(folder)).input_tokens(spec, request)


def test_a_chat_is_counted_as_the_endpoint_reads_it(folder: Path) -> None:
    # One token a byte, and one for each special token:
    # <s> <|im_start|> "user\nhi" <|im_end|> "\n" <|im_start|> "assistant\n"
    assert counted(folder, ask("hi")) == 1 + 1 + 7 + 1 + 1 + 1 + 10
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    turns = [{"role": "user", "content": "Smörgås 😀"}]
    expected = tokenizer.apply_chat_template(turns, add_generation_prompt=True)["input_ids"]
    assert counted(folder, ask("Smörgås 😀")) == len(expected)


def test_a_text_is_counted_as_it_is_sent(folder: Path) -> None:
    assert counted(folder, ask("Smörgås"), api="completions") == len("Smörgås".encode())


def test_what_is_not_known_is_not_counted(folder: Path, tmp_path: Path) -> None:
    image = Message(role="user", content="hi", images=("data:image/png;base64,AA==",))
    assert counted(folder, ask(messages=(image,))) is None
    assert counted(folder, ask("hi", output_schema={"type": "object"})) is None
    system = Message(role="system", content="hi")
    assert counted(folder, ask(messages=(system,))) is None  # the template refuses it
    bare = tokenizer_folder(tmp_path / "bare", "", chat_template=None)
    assert counted(bare, ask("hi")) is None
    tokens = LocalTokens(str(folder))
    assert tokens.output_tokens(Reply(text="43", reasoning="30 + 13")) == 2 + 7
    assert tokens.output_tokens(Reply(text="")) == 0
    called = Reply(text="", tool_calls=(ToolCall(name="f", arguments="{}"),))
    assert tokens.output_tokens(called) is None


@pytest.mark.parametrize(
    ("usage", "counts", "by"),
    [
        (None, (22, 2), "local"),
        ({"prompt_tokens": 30}, (30, 2), "local"),
        ({"prompt_tokens": 30, "completion_tokens": 5}, (30, 5), "provider"),
    ],
)
async def test_counts_that_were_made_here_are_marked(
    folder: Path, usage: Any, counts: tuple[int, int], by: str
) -> None:
    resources = Resources()
    endpoint = Endpoint(chat({"content": "43"}, usage=usage, model="m"))
    async with asking(endpoint, resources, tokenizer=str(folder)) as model:
        completion = await model.complete(ask("hi"), None)
    assert (completion.input_tokens, completion.output_tokens) == counts
    assert completion.tokens_counted_by == by
    assert bool(resources.notes) == (by == "local")


async def test_what_cannot_be_counted_stays_unknown(folder: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    reply = chat({"content": None, "tool_calls": [call]}, "tool_calls")
    image = Message(role="user", content="hi", images=("data:image/png;base64,AA==",))
    async with asking(Endpoint(reply), tokenizer=str(folder)) as model:
        completion = await model.complete(ask(messages=(image,)), None)
    assert (completion.input_tokens, completion.output_tokens) == (None, None)
    assert completion.tokens_counted_by is None


def test_a_tokenizer_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    spec = OpenAISpec(model="m", base_url="http://localhost:1/v1", tokenizer=str(tmp_path))
    with pytest.raises(ConfigError, match=r"there is no tokenizer\.json in it"):
        spec.open(Resources())


def test_a_hub_tokenizer_that_cannot_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="give a local folder") as caught:
        LocalTokens("evalsuite-tests/absent")
    assert "\n" not in str(caught.value)


def test_a_hub_tokenizer_comes_from_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    repository = tmp_path / "hub" / "models--evalsuite-tests--bytes"
    commit = "0" * 40
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(folder, repository / "snapshots" / commit)
    spec = OpenAISpec(model="m", base_url="http://localhost:1/v1")
    tokens = LocalTokens("evalsuite-tests/bytes")
    assert tokens.input_tokens(spec, ask("hi")) == counted(folder, ask("hi"))


async def test_the_notes_of_a_run_name_what_was_counted_here(folder: Path) -> None:
    resources = Resources()
    body = json.dumps({"choices": [{"message": {"content": "43"}, "finish_reason": "stop"}]})
    async with asking(Endpoint(web.Response(text=body)), resources, tokenizer=str(folder)) as model:
        await model.complete(ask("hi"), None)
    assert len(resources.notes) == 1
    assert "the answers come without token counts: they are counted here" in resources.notes[0]
