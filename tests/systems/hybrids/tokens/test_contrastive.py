"""Contrastive decoding and logit shift against what their formulas give by hand."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from scipy.stats import chisquare

from evalsuite.errors import CallRejected, ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Joint
from evalsuite.systems.completing import row_of, written
from evalsuite.systems.decoding import Decoder
from evalsuite.systems.encoding import encode
from evalsuite.systems.hybrids.contrastive import ContrastiveSpec
from evalsuite.systems.hybrids.logit_shift import LogitShiftSpec
from tests.systems.hybrids.tokens.toy_models import ALPHABET, END, Logits, asked, by_table, toy

# Next-token probabilities of a, b, c, d and the end.
EXPERT = (0.50, 0.30, 0.15, 0.03, 0.02)
AMATEUR = (0.60, 0.10, 0.20, 0.01, 0.09)


def constant(*probabilities: float) -> Logits:
    """The same distribution whatever was read."""
    return lambda read: [math.log(value) for value in probabilities]


def alone(request: Request, decoder: Decoder) -> Answer:
    encoded = encode(request, decoder.tokenizer)
    row = row_of(request, encoded.prompt, decoder.context)
    return written(decoder, row, decoder.generate([row])[0])


def contrasted(request: Request, expert: Logits, amateur: Logits, **options: Any) -> Joint:
    spec = ContrastiveSpec(expert="large", amateur="small", **options)
    return spec.work(request, {"amateur": toy(amateur), "expert": toy(expert)})


def shifted(request: Request, base: Decoder, tuned: Decoder, untuned: Decoder, **o: Any) -> Joint:
    spec = LogitShiftSpec(base="b", tuned="t", untuned="u", **o)
    return spec.work(request, {"untuned": untuned, "tuned": tuned, "base": base})


def test_contrastive_scores_by_hand() -> None:
    """At alpha 0.1, d and the end are implausible: 0.03 < 0.05. b wins, three to one.

    Scores are p_expert / p_amateur: a 0.833, b 3, c 0.75, so that b has 3 / 4.583 of the weight.
    """
    joint = contrasted(asked("a", max_output_tokens=2), constant(*EXPERT), constant(*AMATEUR))
    assert (joint.answer.text, joint.answer.finish_reason) == ("bb", "length")
    weight = 3 / (0.5 / 0.6 + 3 + 0.75)
    assert joint.answer.token_logprobs == pytest.approx([math.log(weight)] * 2, abs=1e-6)
    amateur, expert = joint.shares["amateur"], joint.shares["expert"]
    # The prompt and the first token; the expert's own tokens are not its input.
    assert (amateur.input_tokens, amateur.output_tokens) == (2, 0)
    assert (expert.input_tokens, expert.output_tokens) == (1, 2)
    assert (amateur.reason, expert.reason) == ("amateur, subtracted", "expert")
    assert amateur.machine_seconds > 0 and expert.machine_seconds > 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"alpha": 0.0}, "d"),  # 0.03 / 0.01 = 3 ties with b in words only: see below
        ({"alpha": 0.7}, "a"),  # b is implausible: 0.3 < 0.35
        ({"alpha": 1.0}, "a"),
        ({"beta": 0.0}, "a"),
        ({"beta": 0.5}, "b"),  # a 0.5 / 0.6**.5 = 0.645, b 0.3 / 0.1**.5 = 0.949
        ({"beta": 0.2}, "a"),  # a 0.5 / 0.6**.2 = 0.554, b 0.3 / 0.1**.2 = 0.475
        ({"amateur_temperature": 100.0}, "a"),  # an amateur that knows nothing
    ],
)
def test_contrastive_options_by_hand(options: dict[str, float], text: str) -> None:
    amateur = (0.60, 0.101, 0.20, 0.009, 0.09)
    request = asked("a", max_output_tokens=1)
    found = contrasted(request, constant(*EXPERT), constant(*amateur), **options)
    assert found.answer.text == text


def test_contrastive_choices_by_hand() -> None:
    """Scores are of all tokens: d counts although it is implausible."""
    request = asked("a", choices=("b", "d"), max_output_tokens=1)
    answer = contrasted(request, constant(*EXPERT), constant(*AMATEUR), beta=1.0).answer
    assert answer.probabilities == pytest.approx({"b": 0.5, "d": 0.5}, abs=1e-6)
    ratios = [e / a for e, a in zip(EXPERT, AMATEUR, strict=True)]
    assert answer.token_logprobs == pytest.approx([math.log(3 / sum(ratios))], abs=1e-6)


def test_contrastive_choices_of_several_tokens_read_all_of_them() -> None:
    expert, amateur = by_table(11), by_table(12)
    request = asked("ab", choices=("ac", "bda"))
    answer = contrasted(request, expert, amateur, beta=0.5).answer
    sums = {}
    for choice in ("ac", "bda"):
        sums[choice] = 0.0
        for at, letter in enumerate(choice):
            read = "ab" + choice[:at]
            logits = [torch.tensor(one(read)).log_softmax(-1) for one in (expert, amateur)]
            scores = (logits[0] - 0.5 * logits[1]).log_softmax(-1)
            sums[choice] += float(scores[ALPHABET.index(letter)])
    odds = math.exp(sums["ac"] - sums["bda"])
    assert answer.probabilities is not None
    assert answer.probabilities["ac"] / answer.probabilities["bda"] == pytest.approx(odds, rel=1e-4)
    assert answer.choice == max(sums, key=lambda choice: sums[choice])


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_without_the_amateur_the_expert_is_alone(temperature: float) -> None:
    for seed in range(8):
        request = asked("ab", temperature=temperature, seed=seed, stop=("cc",))
        wanted = alone(request, toy(by_table(5)))
        found = contrasted(request, by_table(5), by_table(6), alpha=0.0, beta=0.0).answer
        assert (found.text, found.finish_reason) == (wanted.text, wanted.finish_reason)
        assert found.token_logprobs == pytest.approx(wanted.token_logprobs, abs=1e-5)


def test_sampled_contrast_follows_its_softmax() -> None:
    """At temperature 2 the weights of a, b and c are the square roots of their ratios."""
    models = {"amateur": toy(constant(*AMATEUR)), "expert": toy(constant(*EXPERT))}
    spec = ContrastiveSpec(expert="large", amateur="small")
    seen: Counter[str | None] = Counter()
    for seed in range(1500):
        request = asked("a", max_output_tokens=1, temperature=2.0, seed=seed)
        seen[spec.work(request, models).answer.text] += 1
    weights = [math.sqrt(e / a) for e, a in zip(EXPERT[:3], AMATEUR[:3], strict=True)]
    expected = [1500 * weight / sum(weights) for weight in weights]
    assert set(seen) == set("abc")
    assert chisquare([seen[letter] for letter in "abc"], expected).pvalue > 1e-3


def test_a_shift_by_hand() -> None:
    """Tuning made c twice as likely and a half as likely: 0.25 : 0.3 : 0.3 : 0.03 : 0.02."""
    untuned = constant(0.2, 0.2, 0.2, 0.2, 0.2)
    tuned = constant(0.1, 0.2, 0.4, 0.2, 0.2)
    request = asked("a", choices=("a", "b", "c"))
    joint = shifted(request, toy(constant(*EXPERT)), toy(tuned), toy(untuned))
    weights = {"a": 0.25, "b": 0.3, "c": 0.3}
    expected = {name: weight / 0.85 for name, weight in weights.items()}
    assert joint.answer.probabilities == pytest.approx(expected, abs=1e-6)
    stronger = shifted(
        asked("a", max_output_tokens=1),
        toy(constant(*EXPERT)),
        toy(tuned),
        toy(untuned),
        strength=2.0,
    ).answer
    # a 0.125, b 0.3, c 0.6, d 0.03, end 0.02
    assert stronger.text == "c"
    assert stronger.token_logprobs == pytest.approx([math.log(0.6 / 1.075)], abs=1e-6)
    assert [share.reason for share in joint.shares.values()] == [
        "untuned, subtracted",
        "tuned, added",
        "base",
    ]


@pytest.mark.parametrize("temperature", [0.0, 0.7])
@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_a_shift_by_nothing_is_the_base_alone(temperature: float, strength: float) -> None:
    """Where tuning changed nothing, or nothing of it is taken."""
    other = by_table(6 if strength else 7)
    for seed in range(8):
        request = asked("ab", temperature=temperature, seed=seed, max_output_tokens=6)
        wanted = alone(request, toy(by_table(5)))
        found = shifted(
            request, toy(by_table(5)), toy(by_table(6)), toy(other), strength=strength
        ).answer
        assert (found.text, found.finish_reason) == (wanted.text, wanted.finish_reason)
        assert found.token_logprobs == pytest.approx(wanted.token_logprobs, abs=1e-5)


def test_the_fullest_context_ends_the_answer() -> None:
    never_ending = constant(0.9, 0.05, 0.02, 0.02, 0.01)
    request = asked("aaa")
    joint = shifted(request, toy(never_ending), toy(never_ending, context=7), toy(never_ending))
    assert (joint.answer.text, joint.answer.finish_reason) == ("aaaa", "length")
    with pytest.raises(CallRejected, match="the untuned reads 3") as error:
        shifted(request, toy(never_ending), toy(never_ending), toy(never_ending, context=3))
    assert error.value.kind == "context_too_long"


def test_stop_strings_and_ends() -> None:
    def says(read: str) -> list[float]:
        following = ("abc" + END)[min(len(read) - 1, 3)]
        return [9.0 if letter == following else 0.0 for letter in ALPHABET]

    same = toy(says)
    ended = shifted(asked("a"), same, same, same).answer
    assert (ended.text, ended.finish_reason, len(ended.token_logprobs or ())) == ("abc", "stop", 4)
    stopped = shifted(asked("a", stop=("b",)), same, same, same).answer
    assert (stopped.text, stopped.finish_reason) == ("a", "stop")


def test_rows_of_padding_are_left_out() -> None:
    def padded(read: str) -> list[float]:
        return [*by_table(5)(read), 99.0]

    wanted = alone(asked("ab"), toy(by_table(5)))
    found = shifted(asked("ab"), toy(by_table(5)), toy(padded), toy(padded)).answer
    assert found.text == wanted.text


def test_other_tokens_are_refused() -> None:
    with pytest.raises(ConfigError, match="untuned and tuned have different vocabularies"):
        shifted(asked("a"), toy(by_table(1)), toy(by_table(1), alphabet="abdc!"), toy(by_table(1)))


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 1.1},
        {"alpha": math.nan},
        {"beta": -1},
        {"beta": math.inf},
        {"amateur_temperature": 0},
    ],
)
def test_options_are_sane_numbers(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ContrastiveSpec.model_validate({"expert": "large", "amateur": "small", **options})
    with pytest.raises(ValidationError):
        LogitShiftSpec(base="b", tuned="t", untuned="u", strength=math.nan)
