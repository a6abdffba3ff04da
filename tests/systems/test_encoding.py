"""Requests as tokens, with real tokenizers made here and templates of several models' kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from evalsuite.errors import CallRejected
from evalsuite.records import Message, Request, Tool, ToolCall
from evalsuite.systems.encoding import SYSTEM_FOLDED, Encoded, encode

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LLAMA = (
    "{{ bos_token }}{% if tools %}<|start_header_id|>system<|end_header_id|>\n\n"
    "{% for t in tools %}{{ t | tojson }}{% endfor %}<|eot_id|>{% endif %}"
    "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{% if m.tool_calls %}{{ m.tool_calls[0].function.arguments | tojson }}{% endif %}"
    "{{ m.content | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
DEAF = (
    "{% for m in messages %}{% if m.role != 'system' %}<|{{ m.role }}|>{{ m.content }}"
    "{% if m.role == 'assistant' %}</s>{% endif %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
VICUNA = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}USER: {{ m.content }} "
    "{% elif m.role == 'assistant' %}ASSISTANT: {{ m.content }}{{ eos_token }}"
    "{% else %}{{ m.content }} {% endif %}{% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
SPECIAL = [
    *("<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>"),
    *("<|eot_id|>", "<start_of_turn>", "<end_of_turn>", "<|user|>", "<|assistant|>"),
]


def tokenizer(template: str | None, merges: Sequence[str] = ()) -> Any:
    """A byte-level tokenizer with ``merges`` that begins every text with <s>, as Llama's does."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *merges]
    pairs = [(merge[: len(merge) // 2], merge[len(merge) // 2 :]) for merge in merges]
    vocabulary = {word: number for number, word in enumerate(words)}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(SPECIAL)
    core.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", core.token_to_id("<s>"))]
    )
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<s>", eos_token="</s>"
    )
    made.chat_template = template
    return made


def request(*turns: tuple[str, str], task: str = "t", **more: Any) -> Request:
    messages = tuple(Message(role=role, content=text) for role, text in turns)  # type: ignore[arg-type]
    return Request(task=task, sample_id="1", inputs={}, messages=messages, **more)


def text_of(made: Any, tokens: Sequence[int]) -> str:
    text: str = made.decode(tokens, skip_special_tokens=False)
    return text


FEW_SHOT = (
    ("system", "Be brief."),
    ("user", "2+2?"),
    ("assistant", "4"),
    ("user", "3+3?"),
)


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        (
            CHATML,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n"
            "<|im_start|>assistant\n4<|im_end|>\n<|im_start|>user\n3+3?<|im_end|>\n"
            "<|im_start|>assistant\n",
        ),
        (
            LLAMA,
            "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n2+2?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n4<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n3+3?<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n",
        ),
        (
            GEMMA,
            "<s><start_of_turn>user\nBe brief.\n\n2+2?<end_of_turn>\n"
            "<start_of_turn>model\n4<end_of_turn>\n<start_of_turn>user\n3+3?<end_of_turn>\n"
            "<start_of_turn>model\n",
        ),
        (DEAF, "<|user|>Be brief.\n\n2+2?<|assistant|>4</s><|user|>3+3?<|assistant|>"),
        (VICUNA, "<s>Be brief. USER: 2+2? ASSISTANT: 4</s>USER: 3+3? ASSISTANT:"),
    ],
    ids=["chatml", "llama", "gemma", "deaf", "vicuna"],
)
def test_system_and_few_shot_turns_reach_the_model(template: str, prompt: str) -> None:
    made = tokenizer(template)
    encoded = encode(request(*FEW_SHOT), made)
    assert text_of(made, encoded.prompt) == prompt
    assert encoded.prompt.count(made.bos_token_id) == prompt.count("<s>") <= 1
    folded = template in (GEMMA, DEAF)
    assert encoded.notes == ((SYSTEM_FOLDED,) if folded else ())


def test_a_system_turn_alone_becomes_a_user_turn_where_there_is_no_other_place() -> None:
    made = tokenizer(GEMMA)
    encoded = encode(request(("system", "Say something.")), made)
    assert text_of(made, encoded.prompt) == (
        "<s><start_of_turn>user\nSay something.<end_of_turn>\n<start_of_turn>model\n"
    )


@pytest.mark.parametrize(
    ("template", "ends"),
    [
        (CHATML, "yes<|im_end|>"),
        (LLAMA, "yes<|eot_id|>"),
        (GEMMA, "yes<end_of_turn>"),
        (DEAF, "yes</s>"),
        (VICUNA, " yes</s>"),
    ],
    ids=["chatml", "llama", "gemma", "deaf", "vicuna"],
)
def test_a_choice_is_the_turn_as_the_template_writes_it(template: str, ends: str) -> None:
    """Not the tokenizer's </s>, which a chat model may never have seen after a turn."""
    made = tokenizer(template)
    encoded = encode(request(("user", "Well?"), choices=("yes", "no")), made)
    asked = encode(request(("user", "Well?")), made)
    assert encoded.prompt == asked.prompt
    assert text_of(made, encoded.choices[0]) == ends
    assert text_of(made, encoded.choices[1]) == ends.replace("yes", "no")


def test_a_template_without_an_end_gets_the_tokenizers() -> None:
    made = tokenizer("{% for m in messages %}[{{ m.role }}] {{ m.content }} {% endfor %}")
    encoded = encode(request(("user", "Well?"), choices=("yes",)), made)
    assert text_of(made, [*encoded.prompt, *encoded.choices[0]]).endswith("yes</s>")


def whole(encoded: Encoded, at: int) -> list[int]:
    return [*encoded.prompt, *encoded.choices[at]]


@pytest.mark.parametrize("template", [None, VICUNA])
def test_tokens_that_span_the_seam_are_scored_with_the_choice(template: str | None) -> None:
    """lm-eval cuts after the prompt's own tokens; here ":" and " A" become one token together."""
    made = tokenizer(template, merges=["ĠA", ":ĠA"])
    assert made.tokenize(": A") == [":ĠA"]
    encoded = encode(request(("user", "Pick:"), choices=("A", "B")), made)
    for at, choice in enumerate(("A", "B")):
        text = text_of(made, whole(encoded, at))
        again = made(text, add_special_tokens=False)["input_ids"]
        assert whole(encoded, at) == again, "the tokens of the text as a whole"
        assert text.removesuffix("</s>").endswith(f": {choice}")
    assert encoded.choices[0] != encoded.choices[1]


def test_the_prompt_ends_before_a_token_that_a_choice_changes() -> None:
    made = tokenizer(None, merges=[":Ġ"])
    encoded = encode(request(("user", "Pick:"), choices=("A", "B")), made)
    alone = made("Pick:")["input_ids"]
    assert encoded.prompt == alone[:-1], "the colon goes with the blank after it"
    assert [text_of(made, tokens) for tokens in encoded.choices] == [": A", ": B"]
    assert whole(encoded, 0) == made("Pick: A")["input_ids"]


def test_a_completion_is_not_put_into_a_chat_template() -> None:
    made = tokenizer(CHATML)
    name = "reasoning/sums@2-shot+completion"
    encoded = encode(request(("user", "Question: 3+3?\nAnswer:"), task=name), made)
    assert text_of(made, encoded.prompt) == "<s>Question: 3+3?\nAnswer:"
    scored = encode(request(("user", "3+3?\nAnswer:"), task=name, choices=("6", "7")), made)
    assert [text_of(made, tokens) for tokens in scored.choices] == [" 6", " 7"]


WEATHER = Tool(name="weather", description="Of a city.", parameters={"type": "object"})


def test_tools_and_calls_are_given_to_a_template_that_shows_them() -> None:
    made = tokenizer(LLAMA)
    call = ToolCall(name="weather", arguments='{"city": "Ulm"}', id="1")
    turns = (
        Message(role="user", content="Rain?"),
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content="no", tool_call_id="1"),
    )
    asked = Request(task="t", sample_id="1", inputs={}, messages=turns, tools=(WEATHER,))
    text = text_of(made, encode(asked, made).prompt)
    assert '"name": "weather"' in text and '{"city": "Ulm"}' in text
    assert "tool<|end_header_id|>\n\nno<|eot_id|>" in text


@pytest.mark.parametrize("template", [CHATML, GEMMA, None])
def test_tools_that_a_model_would_not_see_make_the_request_fail(template: str | None) -> None:
    with pytest.raises(CallRejected, match="has tools, and") as caught:
        encode(request(("user", "Rain?"), tools=(WEATHER,)), tokenizer(template))
    assert caught.value.kind == "no_tools" and caught.value.billed is False


def test_images_that_a_model_would_not_see_make_the_request_fail() -> None:
    turn = Message(role="user", content="What is it?", images=("data:image/png;base64,A",))
    asked = Request(task="t", sample_id="1", inputs={}, messages=(turn,))
    with pytest.raises(CallRejected, match="has images, and this model reads text only"):
        encode(asked, tokenizer(CHATML))


def test_what_a_template_refuses_is_a_failed_call_with_its_words() -> None:
    strict = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(CallRejected, match="refuses these messages: roles must alternate"):
        encode(request(("user", "a"), ("user", "b")), tokenizer(strict))
