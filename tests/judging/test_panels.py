from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judges import (
    combine,
    dawid_skene,
    first_preferred,
    log_odds_weight,
    mean_score,
    of_systems,
    preference,
    shown_first,
    vote,
    win_rate,
)


def test_a_plurality_wins_and_abstentions_are_counted() -> None:
    found = vote({"j1": "a", "j2": "b", "j3": "a", "j4": None})
    assert (found.label, found.n_voters, found.n_abstained) == ("a", 3, 1)
    assert found.shares == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    assert not found.tied


def test_a_tied_vote_has_no_winner() -> None:
    found = vote({"j1": "a", "j2": "b"})
    assert found.label is None and found.tied
    nobody = vote({"j1": None})
    assert nobody.label is None and not nobody.tied


def test_weights_can_overrule_numbers() -> None:
    weights = {"expert": 3.0, "j1": 1.0, "j2": 1.0}
    assert vote({"expert": "b", "j1": "a", "j2": "a"}, weights).label == "b"
    with pytest.raises(ValueError, match="judge j3 has no weight"):
        vote({"j3": "a"}, weights)


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=9))
def test_naming_the_judges_otherwise_changes_no_vote(said: list[str]) -> None:
    one = vote({f"j{index}": label for index, label in enumerate(said)})
    other = vote({f"k{index}": label for index, label in enumerate(reversed(said))})
    assert one.label == other.label


def test_mean_scores() -> None:
    assert mean_score({"j1": 2.0, "j2": 4.0, "j3": None}) == 3.0
    assert mean_score({"j1": 2.0, "j2": 4.0}, {"j1": 3.0, "j2": 1.0}) == 2.5
    assert mean_score({"j1": None}) is None
    with pytest.raises(ValueError, match="sum to 0"):
        mean_score({"j1": 2.0}, {"j1": 0.0})


def test_log_odds_weights() -> None:
    """(right + 1/2) / (n + 1): 9 of 10 is log(9.5 / 1.5), guessing is 0."""
    assert log_odds_weight(9, 10) == pytest.approx(math.log(9.5 / 1.5))
    assert log_odds_weight(5, 10) == 0.0
    assert log_odds_weight(2, 10) == pytest.approx(-log_odds_weight(8, 10))
    assert log_odds_weight(10, 10) < math.inf
    assert log_odds_weight(50, 150, n_labels=3) == pytest.approx(0.0, abs=0.01)
    with pytest.raises(ValueError, match="3 of 2"):
        log_odds_weight(3, 2)


def simulated(seed: int = 0) -> tuple[dict[int, str], dict[int, dict[str, Any]]]:
    """300 items with three labels; one judge right 9 times in 10, one 7, three of them 5."""
    rng = np.random.default_rng(seed)
    chance = {"best": 0.9, "good": 0.7, "weak1": 0.5, "weak2": 0.5, "weak3": 0.5}
    truth = {item: str(rng.choice(list("xyz"))) for item in range(300)}
    verdicts: dict[int, dict[str, Any]] = {}
    for item, label in truth.items():
        others = [other for other in "xyz" if other != label]
        verdicts[item] = {
            judge: label if rng.random() < p else str(rng.choice(others))
            for judge, p in chance.items()
        }
        if item % 10 == 0:
            verdicts[item]["good"] = None
    return truth, verdicts


@pytest.mark.parametrize("errors", ["by_label", "even"])
def test_dawid_and_skene_find_who_is_right_without_labels(errors: Any) -> None:
    truth, verdicts = simulated()
    found = dawid_skene(verdicts, errors=errors)
    assert found.converged
    accuracy = found.accuracy()
    assert accuracy["best"] == pytest.approx(0.9, abs=0.06)
    assert accuracy["good"] == pytest.approx(0.7, abs=0.08)
    assert max(accuracy[f"weak{k}"] for k in (1, 2, 3)) < 0.62
    labels = found.label()
    right = np.mean([labels[item] == truth[item] for item in truth])
    majority = np.mean([vote(verdicts[item]).label == truth[item] for item in truth])
    assert right > 0.88 > majority + 0.02
    assert found.posterior.sum(axis=1) == pytest.approx(np.ones(300))
    assert found.confusion.sum(axis=2) == pytest.approx(np.ones((5, 3)))


def test_dawid_and_skene_by_hand() -> None:
    """Two judges that always agree: their label is the truth, their confusions the identity."""
    verdicts = {item: {"j1": "xy"[item % 2], "j2": "xy"[item % 2]} for item in range(10)}
    found = dawid_skene(verdicts, smoothing=1e-12)
    assert found.prior == pytest.approx([0.5, 0.5])
    assert found.confusion == pytest.approx(np.stack([np.eye(2)] * 2))
    assert found.log_likelihood == pytest.approx(10 * math.log(0.5))


def test_the_order_of_items_changes_no_estimate() -> None:
    _, verdicts = simulated(3)
    turned = dict(reversed(verdicts.items()))
    one, other = dawid_skene(verdicts), dawid_skene(turned)
    assert one.accuracy() == pytest.approx(other.accuracy())


def test_dawid_and_skene_need_verdicts() -> None:
    with pytest.raises(ValueError, match="no verdicts"):
        dawid_skene({"q": {"j": None}})
    with pytest.raises(ValueError, match="not among"):
        dawid_skene({"q": {"j": "z"}}, labels=["x", "y"])
    with pytest.raises(ValueError, match="above 0"):
        dawid_skene({"q": {"j": "z"}}, smoothing=0.0)


def test_a_verdict_about_places_is_turned_into_one_about_systems() -> None:
    assert of_systems("first", "a") == "a"
    assert of_systems("first", "b") == "b"
    assert of_systems("second", "b") == "a"
    assert of_systems("tie", "b") == "tie"
    assert of_systems(None, "a") is None
    with pytest.raises(ValueError, match="about places"):
        of_systems("A>B", "a")
    with pytest.raises(ValueError, match="a or b"):
        of_systems("first", "ab")


@pytest.mark.parametrize(
    ("both", "majority", "unanimous"),
    [
        (("a", "a"), "a", "a"),
        (("a", "b"), "tie", "tie"),
        (("a", "tie"), "a", "tie"),
        (("tie", "tie"), "tie", "tie"),
        (("a", None), "a", None),
        ((None, None), None, None),
    ],
)
def test_two_orders_make_one_verdict(
    both: tuple[str | None, str | None], majority: str | None, unanimous: str | None
) -> None:
    assert combine(both) == majority
    assert combine(both, rule="unanimous") == unanimous


def test_unknown_verdicts_are_refused() -> None:
    with pytest.raises(ValueError, match="a, b or tie"):
        combine(["A"])
    with pytest.raises(ValueError, match="majority or unanimous"):
        combine(["a"], rule="other")  # type: ignore[arg-type]


@given(st.floats(-30, 0), st.floats(-30, 0), st.booleans())
def test_the_order_comes_back_from_the_preference(m: float, big_m: float, first: bool) -> None:
    stored = preference(m, big_m, model_first=first)
    found = shown_first(stored, m, big_m)
    assert found in (first, None)
    assert first_preferred(m, big_m) + first_preferred(big_m, m) == pytest.approx(1.0)
    expected = math.exp(m) / (math.exp(m) + math.exp(big_m))
    assert first_preferred(m, big_m) == pytest.approx(expected, abs=1e-12)


def test_a_preference_of_neither_order_is_refused() -> None:
    with pytest.raises(ValueError, match="neither order"):
        shown_first(0.5, -0.1, -3.0)


def test_win_rates() -> None:
    found = win_rate([1.0, 0.5, 0.2, float("nan")])
    assert found is not None
    assert (found.n_wins, found.n_draws, found.n_losses) == (1, 1, 1)
    assert (found.n, found.n_missing) == (3, 1)
    assert found.win_rate == pytest.approx(1.7 / 3)
    assert found.discrete_win_rate == pytest.approx(0.5)
    assert found.standard_error == pytest.approx(np.std([1, 0.5, 0.2], ddof=1) / math.sqrt(3))
    assert win_rate([float("nan")]) is None
    with pytest.raises(ValueError, match=r"0\.\.1"):
        win_rate([1.5])
