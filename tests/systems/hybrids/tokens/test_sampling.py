"""Exact acceptance of drafts against the distributions that it must keep."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from scipy.stats import chisquare

from evalsuite.systems.decoding import Row
from evalsuite.systems.hybrids.tokens.sampling import (
    accept,
    agree,
    distribution,
    draw,
    generator_of,
)

DRAWS = 3000


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows(*weights: list[float]) -> torch.Tensor:
    return torch.tensor(weights, dtype=torch.float64)


@pytest.mark.parametrize(
    ("q", "p"),
    [
        ([0.7, 0.1, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4]),
        ([0.25, 0.25, 0.25, 0.25], [0.0, 0.5, 0.0, 0.5]),
        ([1.0, 0.0, 0.0, 0.0], [0.0, 0.2, 0.3, 0.5]),
        ([0.4, 0.3, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1]),
    ],
)
def test_what_stands_is_distributed_as_the_target(q: list[float], p: list[float]) -> None:
    generator = seeded(0)
    seen: Counter[int] = Counter()
    stood = 0
    for _ in range(DRAWS):
        draft = draw(rows(q)[0], generator)
        accepted, own = accept([draft], rows(q), rows(p, p), generator)
        seen[draft if accepted else own] += 1
        stood += accepted
    likely = [i for i, share in enumerate(p) if share > 0]
    assert set(seen) == set(likely)
    expected = [DRAWS * p[i] for i in likely]
    assert chisquare([seen[i] for i in likely], expected).pvalue > 1e-3
    # The chance that a draft stands is the sum of min(p, q): Leviathan et al. (2023), theorem 3.5.
    overlap = sum(map(min, q, p))
    assert stood / DRAWS == pytest.approx(overlap, abs=0.025)


def test_the_draft_alone_would_be_told_apart() -> None:
    p = [0.1, 0.2, 0.3, 0.4]
    generator = seeded(0)
    seen = Counter(draw(rows([0.15, 0.2, 0.3, 0.35])[0], generator) for _ in range(DRAWS))
    assert chisquare([seen[i] for i in range(4)], [DRAWS * x for x in p]).pvalue < 1e-6


def test_the_token_behind_accepted_drafts_is_the_targets() -> None:
    generator = seeded(1)
    q, last = [0.5, 0.5], [0.8, 0.2]
    seen: Counter[int] = Counter()
    for _ in range(DRAWS):
        accepted, own = accept([0, 1], rows(q, q), rows(q, q, last), generator)
        assert accepted == 2
        seen[own] += 1
    assert chisquare([seen[0], seen[1]], [DRAWS * x for x in last]).pvalue > 1e-3


def test_vocabularies_filled_up_with_no_tokens() -> None:
    narrow, wide = rows([0.5, 0.5]), rows([0.2, 0.3, 0.5], [1.0, 0.0, 0.0])
    accepted, own = accept([1], narrow, wide, seeded(0))
    assert (accepted, own) in {(1, 0), (0, 2)}
    beyond, p = rows([0.0, 0.0, 1.0]), rows([1.0, 0.0], [1.0, 0.0])
    assert accept([2], beyond, p, seeded(0)) == (0, 0)


def test_greedy_leaves_nothing_to_chance() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 0.0]])
    p = distribution(logits, 0.0)
    assert p.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert generator_of(Row(prompt=[0], max_new_tokens=1)) is None
    assert accept([1], p[:1], p, None) == (1, 0)
    assert accept([2], rows([0.0, 0.0, 1.0]), p, None) == (0, 1)


def test_a_tempered_distribution_by_hand() -> None:
    tempered = distribution(torch.tensor([0.0, 1.0]), 0.5)
    odds = float(tempered[1] / tempered[0])
    assert odds == pytest.approx(2.718281828459045**2)


# v = (0.6, 0.3, 0.1): at agreement 0.4, tokens of at least 0.24 stand.
LIKELY = torch.tensor([[0.6, 0.3, 0.1]]).log()


@pytest.mark.parametrize(
    ("drafts", "agreement", "expected"),
    [
        ([1, 1], 0.4, (2, None)),
        ([1, 2], 0.4, (1, 0)),
        ([2, 1], 0.4, (0, 0)),
        ([1, 2], 0.0, (2, None)),
        ([0, 1], 1.0, (1, 0)),
        ([], 0.4, (0, 0)),
        ([7], 0.0, (0, 0)),
    ],
)
def test_a_draft_stands_where_the_verifier_finds_it_likely_enough(
    drafts: list[int], agreement: float, expected: tuple[int, int | None]
) -> None:
    logits = LIKELY.expand(len(drafts) + 1, -1)
    found = agree(drafts, logits, agreement=agreement, temperature=0.0, generator=None)
    assert found == expected


def test_a_sampled_replacement_is_among_what_would_have_stood() -> None:
    generator = seeded(0)
    seen: Counter[int | None] = Counter()
    for _ in range(DRAWS):
        accepted, own = agree(
            [2], LIKELY.expand(2, -1), agreement=0.4, temperature=1.0, generator=generator
        )
        assert accepted == 0
        seen[own] += 1
    expected = [DRAWS * 0.6 / 0.9, DRAWS * 0.3 / 0.9]
    assert set(seen) == {0, 1}
    assert chisquare([seen[0], seen[1]], expected).pvalue > 1e-3
