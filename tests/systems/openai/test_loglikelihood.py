from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import CallRejected, CallTransient
from evalsuite.records import Completion
from evalsuite.systems.openai.loglikelihood import token_spans
from evalsuite.systems.resources import Resources
from tests.systems.openai.endpoint import Endpoint, Handler, ask, asking, error

PROMPT = "Sum: 1 + 2 ="
# Log-probabilities of the tokens of each choice, told by the endpoint below.
CHOICES = {
    "3": [(" 3", -0.5)],
    "twelve": [(" tw", -1.0), ("elve", -0.2)],
    "four": [(" four", -0.9)],
}
CONTEXT = [("Sum", None), (": 1", -3.0), (" + 2", -2.0), (" =", -1.0)]
GENERATED = (" so", -0.4)

Token = tuple[str, float | None]


def reply(tokens: Sequence[Token], *, offset: int = 0, **fields: Any) -> dict[str, Any]:
    """What an endpoint echoes for ``tokens``; ``offset`` shifts all offsets, as vLLM's <s> does."""
    offsets, at = [], offset
    for token, _ in tokens:
        offsets.append(at)
        at += len(token)
    logprobs = {
        "tokens": [token for token, _ in tokens],
        "token_logprobs": [value for _, value in tokens],
        "text_offset": offsets,
    }
    text = "".join(token for token, _ in tokens if token != "<s>")
    choice = {"index": 0, "text": text, "finish_reason": "length", "logprobs": logprobs, **fields}
    usage = {"prompt_tokens": len(tokens) - 1, "completion_tokens": 1}
    return {"choices": [choice], "model": "m", "usage": usage}


def joined(tokens: Sequence[Token]) -> str:
    return "".join(token for token, _ in tokens)


def scorer(made: Callable[[list[Token]], dict[str, Any]]) -> Handler:
    """An endpoint that finds the choice in the prompt; ``made`` says how it puts its tokens."""

    async def handle(request: web.Request) -> web.StreamResponse:
        prompt = (await request.json())["prompt"]
        for choice, tokens in CHOICES.items():
            if prompt == f"{PROMPT} {choice}":
                return web.json_response(made([*CONTEXT, *tokens, GENERATED]))
        return web.Response(status=400, text=f"no choice in {prompt!r}")

    return handle


async def score(
    handler: Handler | web.Response = scorer(reply),  # noqa: B008
    resources: Resources | None = None,
    prompt: str = PROMPT,
    **options: Any,
) -> tuple[Completion, Endpoint]:
    endpoint = Endpoint(handler)
    async with asking(endpoint, resources, api="completions", **options) as model:
        request = ask(prompt, choices=tuple(CHOICES))
        assert model.requests_for(request) == 3
        return await model.complete(request, None), endpoint


async def test_the_likeliest_choice_by_the_sum_of_its_tokens() -> None:
    completion, endpoint = await score()
    answer = completion.answer
    assert (answer.text, answer.choice, answer.finish_reason) == ("3", "3", "stop")
    assert answer.token_logprobs == (-0.5,)
    # softmax of -0.5, -1.0 - 0.2 and -0.9, by hand
    weights = [math.exp(-0.5), math.exp(-1.2), math.exp(-0.9)]
    assert answer.probabilities == {
        choice: pytest.approx(weight / sum(weights))
        for choice, weight in zip(CHOICES, weights, strict=True)
    }
    # 4 tokens of the prompt each time, and 1, 2 and 1 of the choices; one generated each
    assert (completion.input_tokens, completion.output_tokens) == (16, 3)
    assert completion.tokens_counted_by == "provider"
    assert completion.service_seconds is not None and completion.service_seconds > 0
    assert {body["prompt"] for body in endpoint.bodies} == {f"{PROMPT} {c}" for c in CHOICES}
    assert endpoint.bodies[0] | {"prompt": ""} == {
        "model": "m",
        "prompt": "",
        "temperature": 0.0,
        "max_tokens": 1,
        "echo": True,
        "logprobs": 1,
    }


@pytest.mark.parametrize(
    ("choice_score", "scores", "chosen"),
    [
        ("sum", (-0.5, -1.2, -0.9), "3"),
        ("per_token", (-0.5, -1.2 / 2, -0.9), "3"),
        ("per_character", (-0.5 / 1, -1.2 / 6, -0.9 / 4), "twelve"),
    ],
)
async def test_scores_may_be_per_token_or_per_character(
    choice_score: str, scores: tuple[float, ...], chosen: str
) -> None:
    completion, _ = await score(choice_score=choice_score)
    assert completion.answer.choice == chosen
    assert completion.answer.probabilities is not None
    weights = [math.exp(value) for value in scores]
    assert list(completion.answer.probabilities.values()) == [
        pytest.approx(weight / sum(weights)) for weight in weights
    ]


@pytest.mark.parametrize(
    "made",
    [
        lambda tokens: reply([("<s>", None), (tokens[0][0], -4.0), *tokens[1:]], offset=3),
        lambda tokens: reply(tokens, offset=7),
        lambda tokens: reply(tokens[:-1]),  # max_tokens 0 taken at its word
        lambda tokens: reply([*tokens[:-1], ("</s>", -0.1)], text=joined(tokens[:-1])),
    ],
)
async def test_offsets_and_special_tokens_do_not_matter(made: Any) -> None:
    completion, _ = await score(scorer(made))
    assert completion.answer.choice == "3"
    assert completion.answer.token_logprobs == (-0.5,)


async def test_the_newer_form_of_logprobs_is_read_too() -> None:
    def made(tokens: list[Token]) -> dict[str, Any]:
        content = [{"token": token, "logprob": value} for token, value in tokens]
        return reply(tokens, logprobs={"content": content})

    assert (await score(scorer(made)))[0].answer.choice == "3"


async def test_white_space_at_the_end_of_the_prompt_is_the_choices() -> None:
    endpoint = Endpoint(scorer(reply))
    async with asking(endpoint, api="completions") as model:
        with pytest.raises(CallRejected, match="no choice in 'Sum: 1 \\+ 2 =\\\\n\\\\n3'"):
            await model.complete(ask(f"{PROMPT}\n\n", choices=("3",)), None)


async def test_after_a_template_the_choice_follows_at_once(tmp_path: Path) -> None:
    template = tmp_path / "t.jinja"
    template.write_text("{{ messages[0].content }}<|assistant|>{{ '\\n' }}")
    tokens = [("<|x|>", None), (PROMPT, -1.0), ("<|assistant|>", -1.0), ("\n", -1.0)]

    async def handle(request: web.Request) -> web.StreamResponse:
        prompt = (await request.json())["prompt"]
        choice = prompt.removeprefix(f"{PROMPT}<|assistant|>\n")
        value = {"yes": -0.1, "no": -2.0}[choice]
        body = reply([*tokens, (choice, value), GENERATED], text=f"{prompt} so")
        return web.json_response(body)

    options: dict[str, Any] = {"api": "completions", "chat_template": str(template)}
    async with asking(Endpoint(handle), **options) as model:
        completion = await model.complete(ask(PROMPT, choices=("yes", "no")), None)
    assert completion.answer.choice == "yes"
    assert completion.answer.token_logprobs == (-0.1,)


async def test_of_equal_choices_the_first_is_taken_and_the_tie_is_seen() -> None:
    def made(tokens: list[Token]) -> dict[str, Any]:
        return reply([*CONTEXT, (joined(tokens[4:-1]), -1.0), GENERATED])

    answer = (await score(scorer(made)))[0].answer
    assert answer.choice == "3"
    assert answer.probabilities == {choice: pytest.approx(1 / 3) for choice in CHOICES}


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda tokens: reply(tokens[-1:]), "the endpoint ignores `echo`"),
        (lambda tokens: reply(tokens, logprobs=None), "gives no log-probabilities with `echo`"),
        (
            # llama.cpp: the text is echoed, the log-probabilities are of what it generated
            lambda tokens: reply(tokens, logprobs={"content": [{"token": " so", "logprob": -0.4}]}),
            "log-probabilities of what it generated alone",
        ),
    ],
)
async def test_an_endpoint_that_ignores_echo_is_asked_no_more(made: Any, why: str) -> None:
    resources, endpoint = Resources(), Endpoint(scorer(made))
    async with asking(endpoint, resources, api="completions") as model:
        with pytest.raises(CallRejected, match=why) as caught:
            await model.complete(ask(PROMPT, choices=("3",)), None)
        with pytest.raises(CallRejected) as later:
            await model.complete(ask(PROMPT, choices=("3",)), None)
    assert (caught.value.kind, caught.value.billed) == ("no_loglikelihood", None)
    assert (later.value.kind, later.value.billed) == ("no_loglikelihood", False)
    assert "`choice_score: generate`" in str(later.value)
    assert len(endpoint.bodies) == 1
    assert len(resources.notes) == 1 and why in resources.notes[0]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (
            lambda tokens: reply([*tokens[:2], ("odd", -1.0), *tokens[3:]], text=f"{PROMPT} 3 so"),
            "do not add up to its text",
        ),
        (
            lambda tokens: reply([*CONTEXT, (tokens[4][0], None), *tokens[5:]]),
            "has no log-probability",
        ),
        (
            lambda tokens: reply([(token, 0.0) for token, _ in tokens]),
            "the log-probability 0",
        ),
    ],
)
async def test_a_score_is_never_a_guess(made: Any, why: str) -> None:
    with pytest.raises(CallRejected, match=why) as caught:
        async with asking(Endpoint(scorer(made)), api="completions") as model:
            await model.complete(ask(PROMPT, choices=("3",)), None)
    assert (caught.value.kind, caught.value.billed) == ("no_loglikelihood", None)


async def test_a_failed_choice_fails_the_answer_and_the_others_are_paid_for() -> None:
    good = scorer(reply)

    async def handle(request: web.Request) -> web.StreamResponse:
        if (await request.json())["prompt"].endswith("four"):
            return error(500, "oops")
        return await good(request)

    with pytest.raises(CallTransient) as caught:
        await score(handle, max_retries=1)
    assert (caught.value.kind, caught.value.billed) == ("server_error", None)


async def test_each_choice_is_retried_by_itself() -> None:
    good, seen = scorer(reply), set()

    async def handle(request: web.Request) -> web.StreamResponse:
        prompt = (await request.json())["prompt"]
        if prompt in seen:
            return await good(request)
        seen.add(prompt)
        return error(500, "oops")

    completion, endpoint = await score(handle)
    assert (completion.answer.choice, completion.retries) == ("3", 3)
    assert len(endpoint.bodies) == 6


async def test_choices_may_be_generated_instead() -> None:
    text = {"choices": [{"index": 0, "text": " 3", "finish_reason": "stop"}], "model": "m",
            "usage": {"prompt_tokens": 4, "completion_tokens": 1}}  # fmt: skip
    endpoint = Endpoint(web.json_response(text))
    async with asking(endpoint, api="completions", choice_score="generate") as model:
        completion = await model.complete(ask(PROMPT, choices=tuple(CHOICES)), None)
        assert model.requests_for(ask(PROMPT, choices=tuple(CHOICES))) == 1
    assert (completion.answer.text, completion.answer.probabilities) == (" 3", None)
    assert "echo" not in endpoint.bodies[0]


def spelt(tokens: Sequence[str], text: str, until: int | None = None) -> list[str] | None:
    spans = token_spans(tokens, text, len(text) if until is None else until)
    return None if spans is None else [text[begin:end] for begin, end in spans]


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1), st.data())
def test_tokens_that_add_up_to_the_text_are_placed(tokens: list[str], data: Any) -> None:
    text = "".join(tokens)
    # A token that has no mark of its own is found exactly where it is.
    if any(mark in text for mark in ("\ufffd", "bytes:", "\u2581")):
        return
    assert spelt(tokens, text) == tokens


def test_tokens_in_the_forms_that_servers_show() -> None:
    assert spelt(["<s>", "\u2581Hello", "\u2581Å"], " Hello Å") == ["", " Hello", " Å"]
    assert spelt(["Hello", "world"], "Hello world") == ["Hello", " world"]
    assert spelt(["<|begin_of_text|>", "a", "", "b"], "ab") == ["", "a", "", "b"]
    # An emoji in four tokens, as vLLM and as OpenAI show its parts; all four share its letters.
    for parts in (["\ufffd"] * 4, ["bytes:\\xf0", "bytes:\\x9f", "bytes:\\x98", "bytes:\\x80"]):
        assert spelt(["a", *parts, " b"], "a😀 b") == ["a", "😀", "😀", "😀", "😀", " b"]
        assert spelt(["a", *parts], "a😀") == ["a", "😀", "😀", "😀", "😀"]
    # What was generated need not be readable.
    assert spelt(["a", "b", "\ufffd"], "ab\ufffd", until=2) == ["a", "b", ""]
    assert spelt(["a", "b", "</s>"], "ab") == ["a", "b", ""]
    # Parts of a letter at the end, and more generated after them: it is not known which is which.
    assert spelt(["a", "\ufffd", "\ufffd", "\ufffd"], "a😀å", until=2) is None
    assert spelt(["a", "c"], "ab") is None
    assert spelt(["a"], "ab") is None
    assert spelt([], "ab") is None
