"""Speculative decoding on models known by hand: what it writes is what the target alone writes."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import chisquare

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Joint
from evalsuite.systems.completing import row_of, written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.encoding import encode
from evalsuite.systems.hybrids.speculative import SpeculativeSpec
from tests.systems.hybrids.tokens.toy_models import (
    ALPHABET,
    END,
    Logits,
    StiffCache,
    asked,
    by_table,
    toy,
)


def alone(request: Request, decoder: Decoder) -> Answer:
    """What the model answers without a draft."""
    encoded = encode(request, decoder.tokenizer)
    row = row_of(request, encoded.prompt, decoder.context)
    return written(decoder, row, decoder.generate([row])[0])


def drafted(request: Request, draft: Decoder, target: Decoder, gamma: int = 4) -> Joint:
    spec = SpeculativeSpec(draft="small", target="large", gamma=gamma)
    return spec.work(request, {"draft": draft, "target": target})


def rounds_of(joint: Joint) -> list[list[int]]:
    data = joint.shares["draft"].data
    assert data is not None
    found: list[list[int]] = data["speculation"]["rounds"]
    return found


def assert_same(one: Answer, other: Answer) -> None:
    assert (one.text, one.finish_reason) == (other.text, other.finish_reason)
    assert one.token_logprobs == pytest.approx(other.token_logprobs, abs=1e-5)


def saying(text: str, *, end: bool = True) -> Logits:
    """A model that says ``text`` after any prompt of one letter, and then ends."""
    whole = text + END * end

    def logits(read: str) -> list[float]:
        following = whole[len(read) - 1] if len(read) <= len(whole) else ALPHABET[0]
        return [5.0 if letter == following else 0.0 for letter in ALPHABET]

    return logits


@settings(max_examples=60, deadline=None)
@given(
    seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)),
    gamma=st.integers(1, 6),
    prompt=st.text("abcd", min_size=1, max_size=5),
    most=st.integers(1, 14),
    stop=st.lists(st.text("abcd", min_size=1, max_size=3), max_size=2),
    context=st.sampled_from([None, 6, 9, 14]),
    draft_context=st.sampled_from([None, 4, 7, 10]),
)
def test_greedy_is_the_target_alone(
    seeds: tuple[int, int],
    gamma: int,
    prompt: str,
    most: int,
    stop: list[str],
    context: int | None,
    draft_context: int | None,
) -> None:
    request = asked(prompt, max_output_tokens=most, stop=tuple(stop))
    draft = toy(by_table(seeds[0]), context=draft_context)
    target = toy(by_table(seeds[1]), context=context)
    assert_same(
        drafted(request, draft, target, gamma).answer,
        alone(request, toy(by_table(seeds[1]), context=context)),
    )


def exactly(logits: Logits, prompt: str, temperature: float, length: int) -> dict[str, float]:
    """Probability of each text of at most ``length`` letters, END included where it came."""

    def shares(read: str) -> list[float]:
        weights = [math.exp(value / temperature) for value in logits(read)]
        return [weight / sum(weights) for weight in weights]

    found: dict[str, float] = {}
    for letters in product(ALPHABET, repeat=length):
        text = "".join(letters)
        end = text.find(END)
        text = text if end < 0 else text[: end + 1]
        if text not in found:
            chance = 1.0
            for at, letter in enumerate(text):
                chance *= shares(prompt + text[:at])[ALPHABET.index(letter)]
            found[text] = chance
    return found


def sampled(draft: Logits, target: Logits, runs: int, *, gamma: int = 2) -> Counter[str]:
    """Texts of at most 3 letters, END marked, over ``runs`` seeds."""
    models = toy(draft), toy(target)
    seen: Counter[str] = Counter()
    for seed in range(runs):
        request = asked("ab", temperature=0.8, max_output_tokens=3, seed=seed)
        answer = drafted(request, *models, gamma).answer
        seen[f"{answer.text}{END if answer.finish_reason == 'stop' else ''}"] += 1
    return seen


def p_value(seen: Counter[str], expected: dict[str, float]) -> float:
    """Chi-square over the texts expected at least 5 times, the others taken together."""
    runs = seen.total()
    common = [text for text, share in expected.items() if share * runs >= 5]
    observed = [seen[text] for text in common]
    wanted = [expected[text] * runs for text in common]
    pooled = runs - sum(wanted)
    if pooled >= 5:
        observed.append(runs - sum(observed))
        wanted.append(pooled)
    scaled = [value * sum(observed) / sum(wanted) for value in wanted]
    return float(chisquare(observed, scaled).pvalue)


def test_sampled_answers_are_distributed_as_the_targets() -> None:
    """The joint distribution of the first three tokens, over 1,500 seeds."""
    draft, target = by_table(7), by_table(17)
    expected = exactly(target, "ab", 0.8, 3)
    assert sum(expected.values()) == pytest.approx(1)
    seen = sampled(draft, target, 1500)
    assert set(seen) <= set(expected)
    assert p_value(seen, expected) > 1e-3
    # The same test tells the draft's own distribution apart, so it could have failed.
    assert p_value(seen, exactly(draft, "ab", 0.8, 3)) < 1e-12


def test_a_sampled_answer_depends_on_its_seed_alone() -> None:
    models = toy(by_table(7)), toy(by_table(17))
    requests = [asked("ab", temperature=0.8, seed=seed) for seed in range(12)]
    first = [drafted(request, *models).answer for request in requests]
    backwards = [drafted(request, *models).answer for request in reversed(requests)]
    assert first == backwards[::-1]
    assert len({answer.text for answer in first}) > 6


def test_a_draft_that_is_always_right_by_hand() -> None:
    """Six letters and the end: five tokens in the first step (4 drafts and one), two in the next.

    The draft reads the prompt (1) and the target's fifth token; the target reads the prompt and
    the six drafts, the end among them.
    """
    joint = drafted(asked("a"), toy(saying("abcdab")), toy(saying("abcdab")))
    assert (joint.answer.text, joint.answer.finish_reason) == ("abcdab", "stop")
    assert rounds_of(joint) == [[4, 4], [2, 2]]
    draft, target = joint.shares["draft"], joint.shares["target"]
    assert (draft.input_tokens, draft.output_tokens) == (2, 6)
    assert (target.input_tokens, target.output_tokens) == (1 + 6, 1)
    assert draft.reason == "drafts up to 4 tokens a step"
    assert target.reason == "accepted 6 of 6 drafts in 2 steps"
    assert draft.machine_seconds > 0 and target.machine_seconds > 0
    assert draft.data is not None
    seconds = draft.data["speculation"]["seconds"]
    assert draft.machine_seconds + target.machine_seconds <= seconds


def test_a_draft_that_is_always_wrong_by_hand() -> None:
    """Every step drafts 2, has none accepted and gives one token of the target's."""
    request = asked("a", max_output_tokens=4)
    joint = drafted(request, toy(saying("dddddd")), toy(saying("abcabc")), gamma=2)
    assert (joint.answer.text, joint.answer.finish_reason) == ("abca", "length")
    # Of four tokens, the last has no room for a draft before it, and the third for one.
    assert rounds_of(joint) == [[2, 0], [2, 0], [1, 0], [0, 0]]
    draft, target = joint.shares["draft"], joint.shares["target"]
    assert (draft.input_tokens, draft.output_tokens) == (1 + 2, 5)
    # The prompt and the five drafts; its own tokens are not its input.
    assert (target.input_tokens, target.output_tokens) == (1 + 5, 4)
    assert joint.answer.token_logprobs == pytest.approx([5 - math.log(math.exp(5) + 4)] * 4)


def test_drafts_end_where_the_answer_would() -> None:
    request = asked("a", stop=("bc",))
    joint = drafted(request, toy(saying("abcdab")), toy(saying("abcdab")))
    assert (joint.answer.text, joint.answer.finish_reason) == ("a", "stop")
    assert rounds_of(joint) == [[3, 3]]


def test_a_full_draft_leaves_the_target_alone() -> None:
    joint = drafted(asked("a"), toy(saying("abcdab"), context=4), toy(saying("abcdab")))
    assert joint.answer.text == "abcdab"
    assert rounds_of(joint) == [[3, 3], [0, 0], [0, 0], [0, 0]]


def test_a_prompt_too_long_for_the_draft_is_the_targets() -> None:
    request = asked("aaaa")
    target = by_table(5)
    joint = drafted(request, toy(saying("abc"), context=4), toy(target))
    assert_same(joint.answer, alone(request, toy(target)))
    draft = joint.shares["draft"]
    assert draft.reason == ("cannot read this request (context_too_long): the target answers alone")
    assert (draft.input_tokens, draft.output_tokens, draft.machine_seconds) == (0, 0, 0.0)
    assert {tuple(pair) for pair in rounds_of(joint)} == {(0, 0)}


def test_a_prompt_too_long_for_the_target_is_rejected() -> None:
    with pytest.raises(
        CallRejected, match="has 4 tokens and needs 1 more; the target reads 4"
    ) as e:
        drafted(asked("aaaa"), toy(saying("abc")), toy(saying("abc"), context=4))
    assert (e.value.kind, e.value.billed) == ("context_too_long", False)


def test_an_empty_prompt_is_rejected() -> None:
    with pytest.raises(CallRejected, match="the target reads an empty prompt") as error:
        drafted(asked("?"), toy(saying("abc")), toy(saying("abc")))
    assert error.value.kind == "bad_request"


def test_other_tokens_are_refused_in_one_line() -> None:
    other = toy(saying("abc"), alphabet="abdc!")
    with pytest.raises(ConfigError, match="draft and target have different vocabularies") as error:
        drafted(asked("a"), other, toy(saying("abc")))
    assert "\n" not in str(error.value)


def test_a_wider_draft_never_drafts_what_is_no_token() -> None:
    def wide(text: str) -> list[float]:
        return [*by_table(1)(text), 50.0, 50.0]

    target = by_table(2)
    request = asked("ab", temperature=1.0)
    joint = drafted(request, toy(wide), toy(target))
    assert joint.answer.token_logprobs is not None
    greedy = asked("ab")
    assert_same(drafted(greedy, toy(wide), toy(target)).answer, alone(greedy, toy(target)))


def test_a_cache_that_cannot_go_back_is_said() -> None:
    target = toy(saying("abcabc"), cache=StiffCache)
    with pytest.raises(CallRejected, match="recurrent states cannot be cropped") as error:
        drafted(asked("a"), toy(saying("dddddd")), target)
    assert error.value.kind == "no_rollback"


@pytest.mark.parametrize("gamma", [0, 65, math.nan])
def test_gamma_is_a_sane_number(gamma: float) -> None:
    with pytest.raises(ValidationError):
        SpeculativeSpec(draft="small", target="large", gamma=gamma)  # type: ignore[arg-type]
