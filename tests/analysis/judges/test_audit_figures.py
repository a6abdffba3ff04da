"""Faults that were planted are found, at their size; a judge without them is left alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evalsuite.analysis.intervals import Estimate
from evalsuite.errors import ConfigError
from evalsuite.judges import Figure, JudgeAudit, audit
from tests.analysis.judges.made_up import pairs, scores


def estimate(figure: Figure) -> Estimate:
    assert figure.estimate is not None, figure.note
    return figure.estimate


def holds(figure: Figure, truth: float) -> bool:
    found = estimate(figure)
    assert found.low is not None and found.high is not None, found.method
    return found.low <= truth <= found.high


@pytest.fixture(scope="module")
def faulty() -> JudgeAudit:
    frame = pairs(1, first=1.5, length=1.0, own=2.0, skill=1.0, failing=0.1)
    return audit(frame).judge("j")


@pytest.fixture(scope="module")
def fair() -> JudgeAudit:
    frame = pairs(2, repeats=2)
    return audit(frame).judge("j")


def test_a_position_bias_is_found(faulty: JudgeAudit) -> None:
    first = faulty.figure("first_shown_wins")
    assert estimate(first).value > 0.65
    assert first.p_value is not None and first.p_value < 0.001
    assert estimate(faulty.figure("flips")).value > 0.3
    assert any(line.startswith("Prefers the answer that is shown first") for line in faulty.doubts)


def test_a_length_slope_is_found_at_its_size(faulty: JudgeAudit) -> None:
    """Given people's verdict; place and family are noise to it, which draws it a little to 0."""
    slope = faulty.figure("length_slope_given_human")
    found = estimate(slope)
    assert found.low is not None and found.low > 0.3
    assert found.value == pytest.approx(0.85, abs=0.25)
    assert any(line.startswith("Favours longer answers more") for line in faulty.doubts)


def test_a_length_slope_without_other_faults_is_exact() -> None:
    item = audit(pairs(3, items=800, length=1.0, skill=1.0)).judge("j")
    assert holds(item.figure("length_slope_given_human"), 1.0)


def test_self_preference_is_found(faulty: JudgeAudit) -> None:
    people, judges = faulty.figure("own_against_people"), faulty.figure("own_against_judges")
    for figure in (people, judges):
        found = estimate(figure)
        assert found.low is not None and found.low > 0.1
        assert figure.p_value is not None and figure.p_value < 0.001
    assert any("Favours its own family more than the labels" in line for line in faulty.doubts)


def test_failures_are_neither_right_nor_wrong_and_both_ways_are_said(faulty: JudgeAudit) -> None:
    failed = faulty.figure("failed")
    assert estimate(failed).value == pytest.approx(faulty.n_failed / faulty.n_verdicts)
    assert failed.note == f"timeout {faulty.n_failed}"
    out = faulty.figure("verdict_accuracy")
    wrong = faulty.figure("verdict_accuracy_failures_wrong")
    assert estimate(out).n + faulty.n_failed == estimate(wrong).n == faulty.n_verdicts
    assert out.n_without == faulty.n_failed
    right = estimate(out).value * estimate(out).n
    assert estimate(wrong).value * estimate(wrong).n == pytest.approx(right)


def test_a_judge_without_faults_raises_no_doubts_but_noise(fair: JudgeAudit) -> None:
    assert holds(fair.figure("first_shown_wins"), 0.5)
    assert holds(fair.figure("length_slope_given_human"), 0.0)
    assert holds(fair.figure("own_against_people"), 0.0)
    assert not any("Favours" in line or "Prefers" in line for line in fair.doubts)


def test_noise_is_that_of_the_coin(fair: JudgeAudit) -> None:
    """A verdict is right with p = logistic(3); two of them differ with 2 p (1 - p)."""
    p = 1 / (1 + np.exp(-3.0))
    assert holds(fair.figure("retest_changes"), 2 * p * (1 - p))
    assert holds(fair.figure("verdict_accuracy"), p)


def test_domains_add_up(fair: JudgeAudit) -> None:
    accuracy = estimate(fair.figure("accuracy"))
    parts = [entry.accuracy for entry in fair.domains if entry.accuracy is not None]
    assert {entry.domain for entry in fair.domains} == {"code", "prose"}
    assert sum(part.n for part in parts) == accuracy.n
    total = sum(part.n * part.value for part in parts) / accuracy.n
    assert total == pytest.approx(accuracy.value)


def test_cost_and_time(fair: JudgeAudit) -> None:
    assert estimate(fair.figure("usd_per_thousand")).value == pytest.approx(2.0)
    assert holds(fair.figure("seconds_p50"), 1.0)


def test_an_unpriced_verdict_makes_the_cost_unknown() -> None:
    frame = pairs(0, items=20)
    frame.loc[3, "usd"] = None
    item = audit(frame).judge(str(frame.loc[3, "judge"]))
    figure = item.figure("usd_per_thousand")
    assert figure.estimate is None and "1 of 40 verdicts have no price" in figure.note


def test_which_system_is_a_changes_nothing() -> None:
    """Half of the rows turned round, with everything that has a side."""
    frame = pairs(4, items=80, first=0.7, length=0.5, own=0.5)
    other = frame.copy()
    swap = np.random.default_rng(0).random(len(frame)) < 0.5
    for name in ("system", "family", "length"):
        a, b = f"{name}_a", f"{name}_b"
        other.loc[swap, [a, b]] = frame.loc[swap, [b, a]].to_numpy()
    for name in ("verdict", "human", "shown_first"):
        other.loc[swap, name] = frame.loc[swap, name].map({"a": "b", "b": "a"})
    one, two = audit(frame).table, audit(other).table
    pd.testing.assert_frame_equal(one, two, check_exact=False, rtol=1e-6)


def test_the_order_of_rows_changes_no_value() -> None:
    frame = pairs(5, items=60, failing=0.1)
    one, two = audit(frame).table, audit(frame.sample(frac=1, random_state=1)).table
    columns = ["judge", "figure", "value", "n", "n_without"]
    pd.testing.assert_frame_equal(one[columns], two[columns], check_exact=False, rtol=1e-9)


def test_scores_near_people() -> None:
    item = audit(scores(1, noise=0.5, lenient=0.7)).judge("j")
    assert estimate(item.figure("spearman")).value > 0.9
    assert estimate(item.figure("kendall_of_systems")).value == 1.0
    assert holds(item.figure("leniency"), 0.7)
    assert estimate(item.figure("icc2")).value < estimate(item.figure("pearson")).value
    assert not any("may be chance" in line for line in item.doubts)


def test_score_faults_are_found_at_their_size() -> None:
    item = audit(scores(2, items=100, length=0.4, own=1.0)).judge("j")
    assert holds(item.figure("length_slope_given_human"), 0.4)
    spread = float(scores(2, items=100)["human"].std())
    own = estimate(item.figure("own_against_people"))
    assert own.value == pytest.approx(1.0 / spread, rel=0.2)  # in standard deviations
    assert own.low is not None and own.low > 0
    assert any("Favours its own family more than other judges" in line for line in item.doubts)


def test_scores_without_faults() -> None:
    item = audit(scores(3, items=100)).judge("j")
    assert holds(item.figure("length_slope_given_human"), 0.0)
    assert holds(item.figure("own_against_people"), 0.0)


def test_score_noise_is_its_standard_deviation() -> None:
    item = audit(scores(4, items=40, noise=0.5, repeats=3)).judge("j")
    assert holds(item.figure("retest_spread"), 0.5)
    alpha = item.figure("retest_alpha")
    assert 0.85 < estimate(alpha).value < 1


def test_what_never_varies_has_no_interval_of_zero_width() -> None:
    noisy = audit(scores(0, items=10, repeats=3)).judge("j")
    changes = estimate(noisy.figure("retest_changes"))
    assert changes.value == 1.0 and changes.low is not None and changes.low < 1
    assert any("spread by 0." in line for line in noisy.doubts)
    for usd in (0.002, 0.0):
        item = audit(pairs(0, items=20).assign(usd=usd)).judge("j")
        price = estimate(item.figure("usd_per_thousand"))
        assert (price.value, price.low, price.high) == (pytest.approx(1000 * usd), None, None)


@pytest.mark.parametrize("column", ["verdict", "score"])
def test_a_judge_that_always_fails_is_said_to(column: str) -> None:
    made = pairs(0, items=12) if column == "verdict" else scores(0, items=12)
    made = made[made["judge"] == "j"].assign(**{column: None, "status": "context_too_long"})
    item = audit(made, probe="g1").judge("j")
    assert estimate(item.figure("failed")).value == 1.0
    assert item.figure("failed").note == f"context_too_long {item.n_verdicts}"
    wrong = {"accuracy_failures_wrong", "verdict_accuracy_failures_wrong", "both_orders_accuracy"}
    known = {figure.name for figure in item.figures if figure.estimate is not None}
    assert known <= wrong | {
        "failed",
        "kappa_failures_wrong",
        "longer_wins_human",
        "ties_human",
    } | {
        "usd_per_thousand",
        "seconds_p50",
        "seconds_p95",
    }
    for name in wrong & known:
        assert estimate(item.figure(name)).value == 0.0
    assert all(figure.note for figure in item.figures if figure.estimate is None)


def test_a_judge_that_gives_one_score_is_seen_to() -> None:
    frame = scores(0, items=20)
    frame.loc[frame["judge"] == "j", "score"] = 7.0
    item = audit(frame).judge("j")
    assert item.figure("spearman").estimate is None
    assert item.figure("spearman").note == "one side gives the same score throughout"
    commonest = item.figure("commonest")
    assert estimate(commonest).value == 1.0 and commonest.note == "it is 7"
    assert item.figure("anova_f").note == "scores do not vary within systems"


def test_whole_number_scales_have_a_weighted_kappa() -> None:
    frame = scores(0, items=40)
    frame[["human", "score"]] = frame[["human", "score"]].round()
    item = audit(frame).judge("j")
    assert 0.7 < estimate(item.figure("quadratic_kappa")).value < 1
    with pytest.raises(KeyError, match="no figure flips"):
        item.figure("flips")


def test_labels_instead_of_pairs() -> None:
    rng = np.random.default_rng(0)
    human = rng.choice(["Yes", "No"], size=100)
    said = np.where(rng.random(100) < 0.8, human, "No")
    frame = pd.DataFrame({"judge": "j", "item": range(100), "label": said, "human": human})
    frame.loc[0, "label"] = None
    found = audit(frame)
    item = found.judge("j")
    assert item.kind == found.boards[0].kind == "label"
    assert estimate(item.figure("accuracy")).n == 99
    assert estimate(item.figure("accuracy_failures_wrong")).n == 100
    assert item.figure("commonest").note == "it is No"
    assert item.figure("kappa").n_without == 1


def test_a_judge_without_labels_is_not_called_right() -> None:
    frame = pairs(0, items=20).drop(columns="human")
    found = audit(frame)
    item = found.judge("j")
    assert item.figure("accuracy").estimate is None
    assert any(line.startswith("Not checked: agrees with the labels") for line in item.doubts)
    assert found.boards[0].n_items == 0
    assert found.boards[0].alpha is not None  # they can still be compared with each other
    assert estimate(item.figure("own_against_judges")).n > 0


def test_little_data_has_values_without_intervals() -> None:
    frame = pairs(0, items=4)
    item = audit(frame).judge("j")
    assert estimate(item.figure("accuracy")).n == 4
    kappa = item.figure("kappa").estimate
    assert kappa is None or kappa.low is None


def test_criteria_are_audited_apart() -> None:
    one, other = scores(0, items=15), scores(1, items=15, noise=5.0)
    frame = pd.concat([one.assign(criterion="plot"), other.assign(criterion="style")])
    found = audit(frame)
    assert [board.criterion for board in found.boards] == ["plot", "style"]
    plot, style = found.judge("j", "plot"), found.judge("j", "style")
    assert estimate(plot.figure("spearman")).value > estimate(style.figure("spearman")).value
    assert plot.name == "j, plot"
    with pytest.raises(KeyError, match="no judge j"):
        found.judge("j")


def test_a_constant_answer_is_seen_to_win() -> None:
    frame = pairs(0, items=60)
    won = {True: "a", False: "b"}
    probed = frame["system_a"].eq("g1") | frame["system_b"].eq("g1")
    frame.loc[probed, "verdict"] = frame.loc[probed, "system_a"].eq("g1").map(won)
    item = audit(frame, probe="g1").judge("j")
    figure = item.figure("probe_wins")
    assert (estimate(figure).value, estimate(figure).n) == (1.0, int(probed.sum()) // 2)
    assert "Constant answer (g1) wins: 100.0 % of the time." in item.doubts
    with pytest.raises(ConfigError, match="no system null to probe with; there are b1, g1, r1"):
        audit(frame, probe="null")


def test_a_constant_answer_has_a_score_beside_the_others() -> None:
    frame = scores(0, items=30)
    frame.loc[frame["system"] == "g1", "score"] = 2.0
    figure = audit(frame, probe="g1").judge("j").figure("probe_score")
    rows = frame[frame["judge"] == "j"]
    others = rows[rows["system"] != "g1"].groupby("item")["score"].mean()
    assert estimate(figure).value == pytest.approx(2.0 - others.mean())
    assert estimate(figure).n == 30
