from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from evalsuite.embedded import names
from evalsuite.errors import CallRejected, ConfigError, ExtraMissing
from evalsuite.records import Completion, Message, Request
from evalsuite.systems.local_model import TransformersModel
from evalsuite.systems.resources import Resources
from evalsuite.systems.transformers import TransformersSpec, content_hash

Open = Callable[..., TransformersModel]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    resources = Resources()
    models: list[TransformersModel] = []

    def open_model(folder: Path, **options: Any) -> TransformersModel:
        models.append(TransformersSpec(model=str(folder), **options).open(resources))
        return models[-1]

    yield open_model
    for model in models:
        await model.close()
    resources.close()


def ask(prompt: str, **options: Any) -> Request:
    options = {"max_output_tokens": 12, **options}
    turn = Message(role="user", content=prompt)
    return Request(task="t", sample_id=prompt, inputs={}, messages=(turn,), **options)


async def answers(model: TransformersModel, requests: list[Request]) -> list[Completion]:
    return list(await asyncio.gather(*(model.complete(request, None) for request in requests)))


PROMPTS = [f"{'word ' * (i % 5)}question {i}?" for i in range(16)]


async def test_greedy_answers_do_not_depend_on_the_batch(opened: Open, chat_model: Path) -> None:
    requests = [ask(prompt) for prompt in PROMPTS]
    together = await answers(opened(chat_model, batch_size=16), requests)
    alone = await answers(opened(chat_model, batch_size=1), requests)
    assert [c.answer.text for c in together] == [c.answer.text for c in alone]
    assert [c.output_tokens for c in together] == [c.output_tokens for c in alone]
    assert len({c.answer.text for c in together}) > 8
    assert {c.batch_size for c in together} == {16}
    assert {c.batch_size for c in alone} == {1}
    for one, other in zip(together, alone, strict=True):
        assert one.answer.token_logprobs == pytest.approx(other.answer.token_logprobs, abs=1e-5)


async def test_greedy_text_and_logprobs_agree_with_transformers_generate(
    opened: Open, chat_model: Path
) -> None:
    import torch

    model = opened(chat_model)
    completion = await model.complete(ask("hello there"), None)
    reference: Any = model._decoder.model
    tokenizer: Any = model._decoder.tokenizer
    prompt = tokenizer("<|user|>hello there<|assistant|>", return_tensors="pt")["input_ids"]
    output = reference.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=12,
        do_sample=False,
        output_scores=True,
        return_dict_in_generate=True,
    )
    new = output.sequences[0, prompt.shape[1] :]
    logprobs = reference.compute_transition_scores(
        output.sequences, output.scores, normalize_logits=True
    )
    assert completion.answer.text == tokenizer.decode(new, skip_special_tokens=True)
    assert completion.input_tokens == prompt.shape[1]
    assert completion.output_tokens == len(new)
    assert completion.tokens_counted_by == "local"
    assert completion.answer.token_logprobs == pytest.approx(logprobs[0].tolist(), abs=1e-4)


async def test_choice_scores_are_the_summed_logprobs_of_one_plain_forward(
    opened: Open, chat_model: Path
) -> None:
    import torch

    model = opened(chat_model)
    requests = [
        ask("pick one", choices=("yes", "no", "maybe so")),
        ask("a much longer question, so that padding matters", choices=("B", "A")),
    ]
    first, second = await answers(model, requests)
    tokenizer: Any = model._decoder.tokenizer
    prompt = tokenizer("<|user|>pick one<|assistant|>")["input_ids"]
    sums: dict[str, float] = {}
    for choice in ("yes", "no", "maybe so"):
        tokens = tokenizer(choice)["input_ids"] + [tokenizer.eos_token_id]
        with torch.inference_mode():
            logits = model._decoder.model(torch.tensor([prompt + tokens])).logits[0]
        logprobs = logits.log_softmax(-1)
        sums[choice] = sum(
            float(logprobs[len(prompt) - 1 + at, token]) for at, token in enumerate(tokens)
        )
    weights = {choice: math.exp(value - max(sums.values())) for choice, value in sums.items()}
    expected = {choice: weight / sum(weights.values()) for choice, weight in weights.items()}
    assert first.answer.probabilities == pytest.approx(expected, abs=1e-5)
    assert first.answer.choice == first.answer.text == max(sums, key=lambda c: sums[c])
    assert sum(first.answer.token_logprobs or ()) == pytest.approx(max(sums.values()), abs=1e-4)
    assert second.answer.probabilities is not None
    assert list(second.answer.probabilities) == ["B", "A"]
    assert first.output_tokens == 0
    assert first.input_tokens == len(prompt) + 4 + 3 + 9


async def test_single_token_choices_of_a_model_without_chat_template(
    opened: Open, plain_model: Path
) -> None:
    model = opened(plain_model)
    with_space, without = await answers(
        model, [ask("Answer: ", choices=("A", "B")), ask("Answer:", choices=("A", "B"))]
    )
    assert with_space.answer.probabilities == pytest.approx(without.answer.probabilities)
    assert sum((without.answer.probabilities or {}).values()) == pytest.approx(1)
    assert without.input_tokens == len("Answer:") + 2 * len(" A")


async def test_messages_without_chat_template_are_joined_by_blank_lines(
    opened: Open, plain_model: Path
) -> None:
    model = opened(plain_model)
    turns = (Message(role="system", content="Be brief."), Message(role="user", content="Hi"))
    request = Request(task="t", sample_id="1", inputs={}, messages=turns, max_output_tokens=2)
    assert (await model.complete(request, None)).input_tokens == len("Be brief.\n\nHi")


async def test_sampling_is_seeded_per_request_and_independent_of_the_batch(
    opened: Open, chat_model: Path
) -> None:
    requests = [ask(prompt, temperature=1.0) for prompt in PROMPTS[:6]]
    together = await answers(opened(chat_model), requests)
    alone = await answers(opened(chat_model, batch_size=1), requests)
    again = await answers(opened(chat_model), [*requests, ask("new", temperature=1.0)])
    texts = [c.answer.text for c in together]
    assert texts == [c.answer.text for c in alone] == [c.answer.text for c in again][:6]
    repeats = [ask(PROMPTS[0], temperature=1.0, repeat=i) for i in range(4)]
    sampled = await answers(opened(chat_model), repeats)
    assert len({c.answer.text for c in sampled}) == 4


async def test_text_ends_before_the_stop_string(opened: Open, chat_model: Path) -> None:
    model = opened(chat_model)
    whole = (await model.complete(ask(PROMPTS[0]), None)).answer.text or ""
    stop = whole[3:5]
    stopped = await model.complete(ask(PROMPTS[0], stop=(stop,)), None)
    assert stopped.answer.text == whole[: whole.index(stop)]
    assert stopped.answer.finish_reason == "stop"
    assert (stopped.output_tokens or 0) < 12
    assert len(stopped.answer.token_logprobs or ()) == stopped.output_tokens


async def test_too_long_is_rejected_and_its_batch_mates_are_answered(
    opened: Open, chat_model: Path
) -> None:
    model = opened(chat_model)
    results = await asyncio.gather(
        model.complete(ask("x" * 200), None),
        model.complete(ask("short"), None),
        model.complete(ask("x" * 120, max_output_tokens=12), None),
        return_exceptions=True,
    )
    rejected, answered, squeezed = results
    assert isinstance(rejected, CallRejected)
    assert rejected.kind == "context_too_long"
    assert rejected.billed is False
    assert "202 tokens" in str(rejected)
    assert isinstance(answered, Completion)
    assert isinstance(squeezed, Completion)
    assert squeezed.answer.finish_reason == "length"
    assert squeezed.output_tokens == 128 - 122


async def test_machine_seconds_are_shares_of_the_batch_and_waiting_is_queueing(
    opened: Open, chat_model: Path
) -> None:
    model = opened(chat_model, batch_size=4)
    results = await answers(model, [ask(prompt) for prompt in PROMPTS[:8]])
    assert [c.batch_size for c in results] == [4] * 8
    for completion in results:
        assert completion.machine_seconds == pytest.approx((completion.service_seconds or 0) / 4)
        assert 0 < (completion.first_token_seconds or 0) <= (completion.service_seconds or 0)
    first, last = results[0], results[-1]
    assert (last.queue_seconds or 0) >= (first.queue_seconds or 0) + (first.service_seconds or 0)


async def test_a_cancelled_request_is_not_answered(opened: Open, chat_model: Path) -> None:
    model = opened(chat_model, max_wait_seconds=0.05)
    abandoned = asyncio.create_task(model.complete(ask("one"), None))
    kept = asyncio.create_task(model.complete(ask("two"), None))
    await asyncio.sleep(0)
    abandoned.cancel()
    assert (await kept).batch_size == 1


async def test_a_closed_device_leaves_nobody_waiting(chat_model: Path) -> None:
    resources = Resources()
    model = TransformersSpec(model=str(chat_model)).open(resources)
    resources.worker("cpu").shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        await asyncio.wait_for(model.complete(ask("one"), None), timeout=5)


def test_identity_holds_content_and_not_speed(chat_model: Path, plain_model: Path) -> None:
    resources = Resources()
    one = TransformersSpec(model=str(chat_model)).open(resources)
    fast = TransformersSpec(model=str(chat_model), batch_size=2, threads=1).open(resources)
    other = TransformersSpec(model=str(plain_model)).open(resources)
    half = TransformersSpec(model=str(chat_model), dtype="bfloat16").open(resources)
    assert one.identity == fast.identity
    assert one.identity != other.identity
    assert one.identity != half.identity
    assert one.identity["content"] == content_hash(chat_model)
    assert one.parameters == sum(p.numel() for p in one._decoder.model.parameters())
    assert one.price.usd_per_machine_hour is None


def test_content_hash_sees_weights_and_ignores_the_readme(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = content_hash(tmp_path)
    (tmp_path / "README.md").write_text("hello")
    assert content_hash(tmp_path) == before
    (tmp_path / "model.safetensors").write_bytes(b"2")
    assert content_hash(tmp_path) != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "./no/such/folder"}, "there is no such folder"),
        ({"model": "embedded/enormous"}, "no embedded model 'enormous'"),
        ({"model": "embedded/nano", "device": "cuda:9"}, "is not on this machine"),
    ],
)
def test_mistakes_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        TransformersSpec(**options).open(Resources())
    assert "\n" not in str(caught.value)


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, chat_model: Path) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ExtraMissing, match=r"needs transformers.*evalsuite\[hf\]"):
        TransformersSpec(model=str(chat_model)).open(Resources())


def test_embedded_models_have_an_assumed_price() -> None:
    if not names():
        pytest.skip("the package holds no embedded models yet")
    spec = TransformersSpec(model=f"embedded/{names()[0]}")
    model = spec.open(Resources())
    assert model.price.usd_per_machine_hour == 0.08
    assert model.price.source == "assumed: small 2-core cloud machine"
    assert model.name == spec.model


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded") as caught:
        TransformersSpec(model=str(tmp_path)).open(Resources())
    assert "\n" not in str(caught.value)


def test_an_unreachable_hub_model_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="check the name and the network") as caught:
        TransformersSpec(model="nobody/no-such-model").open(Resources())
    assert "\n" not in str(caught.value)
