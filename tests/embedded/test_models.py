"""The shipped models: complete, loadable, as good as their cards say."""

from __future__ import annotations

import itertools
import json
import stat
from functools import cache
from typing import Any

import pytest

from evalsuite.embedded import model_path, names
from evalsuite.embedded.items import FAMILIES, items

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

FILES = {
    "README.md",
    "card.json",
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}


@cache
def card(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((model_path(name) / "card.json").read_text())
    return loaded


@cache
def tokenizer(name: str) -> Any:
    return transformers.AutoTokenizer.from_pretrained(model_path(name))


def test_the_ladder_is_complete_and_smallest_first() -> None:
    assert names() == ["pico", "nano", "micro"]
    sizes = [card(name)["parameters"] for name in names()]
    assert sizes == sorted(sizes)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError, match="no embedded model"):
        model_path("giga")
    with pytest.raises(KeyError, match="no embedded model"):
        model_path("..")


@pytest.mark.parametrize("name", names())
def test_files_are_there_and_readable_by_all(name: str) -> None:
    files = {path.name: path for path in model_path(name).iterdir()}
    assert set(files) == FILES
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in files.values())


def test_together_they_are_small() -> None:
    total = sum(path.stat().st_size for name in names() for path in model_path(name).iterdir())
    assert total < 25_000_000


def test_rungs_saw_equal_tokens_and_share_a_tokenizer() -> None:
    assert len({card(name)["training"]["tokens"] for name in names()}) == 1
    texts = {(model_path(name) / "tokenizer.json").read_bytes() for name in names()}
    assert len(texts) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_the_tokenizer_loses_nothing_and_the_context_suffices(family: str) -> None:
    tokens = tokenizer(names()[0])
    for item in itertools.islice(items(family, "test"), 200):
        asked, answered = tokens(item.prompt).input_ids, tokens(item.answer).input_ids
        assert tokens.decode(answered) == item.answer
        assert len(asked) + len(answered) + 3 <= tokens.model_max_length


def test_the_chat_template_takes_system_and_earlier_turns() -> None:
    def render(*messages: tuple[str, Any]) -> str:
        turns = [{"role": role, "content": content} for role, content in messages]
        rendered: str = tokenizer(names()[0]).apply_chat_template(
            turns, tokenize=False, add_generation_prompt=True
        )
        return rendered

    assert render(("user", "hi")) == "<|user|>hi<|assistant|>"
    assert render(("system", "Be brief."), ("user", "hi")) == "<|user|>Be brief. hi<|assistant|>"
    assert render(("user", [{"type": "text", "text": "hi"}])) == "<|user|>hi<|assistant|>"
    assert render(("user", "a"), ("assistant", "b"), ("user", "c")) == (
        "<|user|>a<|assistant|>b<|end|><|user|>c<|assistant|>"
    )


@pytest.mark.parametrize("name", names())
def test_cards_hold_what_a_reader_needs(name: str) -> None:
    facts = card(name)
    test = facts["test"]
    assert test["split"] == "test"
    assert set(test["families"]) == set(FAMILIES)
    for got in test["families"].values():
        assert got["low"] <= got["rate"] <= got["high"]
        assert sum(level["n"] for level in got["levels"].values()) == got["n"]
    assert (model_path(name) / "model.safetensors").stat().st_size == facts["weights_bytes"]
    said = (model_path(name) / "README.md").read_text()
    assert f"{facts['parameters']:,}" in said


@pytest.mark.parametrize("name", names())
def test_a_model_is_about_as_good_as_its_card_says(name: str) -> None:
    from evalsuite.embedded.evaluate import measure

    torch.set_num_threads(1)
    got = measure(model_path(name), "test", 24, seed=77)
    # 120 items, other ones than the card's: five standard errors are within 0.2.
    assert got["macro"] == pytest.approx(card(name)["test"]["macro"], abs=0.2)
