from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from evalsuite.records import Answer, Sample
from evalsuite.scoring import labels
from evalsuite.task import Graded

TARGETS = ["a", "a", "a", "b", "b", "c"]
SAID = ["a", "a", "b", "b", "c", "c"]


def test_by_hand() -> None:
    assert labels.accuracy(TARGETS, SAID) == pytest.approx(4 / 6)
    assert labels.balanced_accuracy(TARGETS, SAID) == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    # F1 a: 2*2/(3+2), b: 2*1/(2+2), c: 2*1/(1+2)
    assert labels.macro_f1(TARGETS, SAID) == pytest.approx((0.8 + 0.5 + 2 / 3) / 3)


def test_no_samples_have_no_figures() -> None:
    assert labels.accuracy([], []) is None
    assert labels.balanced_accuracy([], []) is None
    assert labels.macro_f1([], []) is None
    assert labels.mcc([], []) is None
    assert labels.log_loss([], []) is None
    assert labels.brier([], []) is None
    assert labels.auc([], []) is None


def test_unread_answers_are_wrong_predictions() -> None:
    assert labels.accuracy(["a", "b"], ["a", None]) == 0.5
    assert labels.balanced_accuracy(["a", "b"], ["a", None]) == 0.5
    assert labels.macro_f1(["a", "b"], ["a", None]) == 0.5


def test_mcc_of_a_constant_is_unknown() -> None:
    assert labels.mcc(["a", "b"], ["a", "a"]) is None


labelled = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=30
)


@given(labelled)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_as_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    targets, said = map(list, zip(*pairs, strict=True))
    assert labels.balanced_accuracy(targets, said) == pytest.approx(
        metrics.balanced_accuracy_score(targets, said)
    )
    assert labels.macro_f1(targets, said) == pytest.approx(
        metrics.f1_score(targets, said, average="macro", zero_division=0)
    )
    ours = labels.mcc(targets, said)
    if ours is not None:
        assert ours == pytest.approx(metrics.matthews_corrcoef(targets, said))


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])),
        min_size=2,
        max_size=30,
    )
)
def test_binary_auc_as_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    targets = ["y" if positive else "n" for positive, _ in rows]
    probabilities = [{"y": p, "n": 1 - p} for _, p in rows]
    ours = labels.auc(targets, probabilities)
    if len(set(targets)) == 1:
        assert ours is None
    else:
        wanted = metrics.roc_auc_score([t == "y" for t in targets], [p for _, p in rows])
        assert ours == pytest.approx(wanted)


def test_macro_auc_as_scikit_learn() -> None:
    targets = ["a", "b", "c", "a", "b"]
    table = [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.3, 0.4, 0.3], [0.5, 0.3, 0.2]]
    probabilities = [dict(zip("abc", row, strict=True)) for row in table]
    wanted = metrics.roc_auc_score(targets, table, multi_class="ovr", average="macro")
    assert labels.auc(targets, probabilities) == pytest.approx(wanted)


def test_losses_by_hand() -> None:
    targets, probabilities = ["a", "b"], [{"a": 0.8, "b": 0.2}, {"a": 0.5, "b": 0.5}]
    assert labels.log_loss(targets, probabilities) == pytest.approx(
        -(math.log(0.8) + math.log(0.5)) / 2
    )
    assert labels.brier(targets, probabilities) == pytest.approx((0.08 + 0.5) / 2)
    impossible = labels.log_loss(["b"], [{"a": 1.0}])
    assert impossible is not None and math.isfinite(impossible)
    assert labels.brier(["b"], [{"a": 1.0}]) == 2.0


def graded(target: str, answer: Answer | None, table: str = "t") -> Graded:
    sample = Sample(id="x", inputs={}, target=target, metadata={"table": table})
    return Graded(sample=sample, answer=answer, scores={})


def test_corpus_metrics_leave_out_failures_and_keep_unread_answers() -> None:
    metric = labels.prediction_metrics(lambda sample: ("a", "b"))["balanced_accuracy"]
    rows = [graded("a", Answer(text="a")), graded("b", Answer(text="?")), graded("b", None)]
    assert metric(rows) == 0.5


def test_equal_labels_of_different_groups_are_different_classes() -> None:
    metric = labels.prediction_metrics(
        lambda sample: ("a", "b"), group=lambda sample: sample.metadata["table"]
    )["balanced_accuracy"]
    right, wrong = Answer(text="a"), Answer(text="b")
    rows = [graded("a", right), graded("a", right), graded("a", wrong, "u")]
    assert metric(rows) == 0.5


def test_probability_metrics_need_all_probabilities() -> None:
    sure = Answer(choice="a", probabilities={"a": 0.9, "b": 0.1})
    figures = labels.probability_metrics()
    assert figures["log_loss"]([graded("a", sure)]) == pytest.approx(-math.log(0.9))
    assert figures["brier"]([graded("a", sure), graded("a", Answer(text="a"))]) is None
    assert figures["auc"]([graded("a", sure)]) is None
    assert "auc" not in labels.probability_metrics(ranking=False)
