from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring.labels import f1_of, label_metrics, macro_f1, precision_of, recall_of
from evalsuite.task import Graded

NAMES = ("a", "b", "c")


def test_one_label_by_hand() -> None:
    targets, said = ["a", "a", "b", "b", "b"], ["a", "b", "a", None, "b"]
    assert precision_of("a", targets, said) == 1 / 2
    assert recall_of("a", targets, said) == 1 / 2
    assert recall_of("b", targets, said) == 1 / 3, "what was not read is missed"
    assert f1_of("b", targets, said) == 2 * 1 / (3 + 2)


def test_what_does_not_exist_is_none() -> None:
    assert precision_of("c", ["a"], ["a"]) is None
    assert recall_of("c", ["a"], ["c"]) is None
    assert f1_of("c", ["a"], ["a"]) is None
    assert f1_of("c", ["a"], ["c"]) == 0.0


def test_a_failed_answer_is_no_prediction_and_an_unreadable_one_a_wrong_one() -> None:
    def read(one: Graded) -> str | None:
        return None if one.answer is None else one.answer.text

    graded = [
        Graded(sample=Sample(id=str(i), inputs={}, target="a"), answer=answer, scores={})
        for i, answer in enumerate([Answer(text="a"), None, Answer()])
    ]
    figures = label_metrics(read, {"recall_a": partial(recall_of, "a"), "macro_f1": macro_f1})
    assert figures["recall_a"](graded) == 0.5
    assert figures["macro_f1"](graded) == pytest.approx(2 * 1 / (2 + 1))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from((*NAMES, "d"))), min_size=1, max_size=30
    )
)
def test_as_scikit_learn_computes_them(pairs: list[tuple[str, str]]) -> None:
    from sklearn.metrics import precision_recall_fscore_support

    targets, said = [t for t, _ in pairs], [p for _, p in pairs]
    theirs = precision_recall_fscore_support(targets, said, labels=list(NAMES), zero_division=0)
    for index, name in enumerate(NAMES):
        ours = (
            precision_of(name, targets, said),
            recall_of(name, targets, said),
            f1_of(name, targets, said),
        )
        for mine, values in zip(ours, theirs, strict=False):
            assert (mine or 0.0) == pytest.approx(values[index])
