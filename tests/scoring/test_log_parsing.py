from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring.log_parsing import (
    f1_grouping_accuracy,
    f1_template_accuracy,
    grouping_accuracy,
    normalise_template,
    parsing_accuracy,
    parsing_metrics,
    read_template,
    score_template,
)
from evalsuite.task import Graded

A, B, C = "send <*>", "got <*> of <*>", "done"


@pytest.mark.parametrize(
    ("said", "template"),
    [
        ("send <*>", "send <*>"),
        ("  send   <*>\n", "send <*>"),
        ("send <*><*>", "send <*>"),
        ("`send <*>`", "send <*>"),
        ('"send <*>"', "send <*>"),
        ("```\nsend <*>\n```", "send <*>"),
        ("```text\nsend <*>\n```", "send <*>"),
        ("Template: send <*>", "send <*>"),
        ("The line is about sending.\nTemplate: send <*>", "send <*>"),
        ("Template:\nsend <*>", "send <*>"),
        ("<think>send 1?</think>\nsend <*>", "send <*>"),
        ("send <*>\nwith one variable", None),
        ("", None),
        ("```\n```", None),
        ('say "a" or "b"', 'say "a" or "b"'),
    ],
)
def test_read_template(said: str, template: str | None) -> None:
    assert read_template(Answer(text=said)) == template


def test_other_marks_of_variables_are_not_guessed() -> None:
    assert score_template(Answer(text="send {id}"), "send <*>").value == 0.0
    assert score_template(Answer(text="send  <*>"), "send <*>").value == 1.0
    unread = score_template(Answer(text="a\nb"), "send <*>")
    assert (unread.value, unread.status) == (0.0, "format_error")


def test_perfect_parsing_is_1() -> None:
    lines = [A, A, B, C]
    figures = [grouping_accuracy, parsing_accuracy, f1_grouping_accuracy, f1_template_accuracy]
    assert [figure(lines, lines) for figure in figures] == [1.0] * 4
    assert [figure([], []) for figure in figures] == [None] * 4


def test_figures_by_hand() -> None:
    # A is grouped right under another name; B is split in two; C is right.
    targets = [A, A, B, B, C]
    parsed = ["send x", "send x", B, "got 2 of <*>", C]
    assert grouping_accuracy(targets, parsed) == 3 / 5  # the lines of A and C
    assert parsing_accuracy(targets, parsed) == 2 / 5  # one line of B, and C
    # groups: 4 parsed, 3 true, 2 right
    assert f1_grouping_accuracy(targets, parsed) == pytest.approx(2 * 2 / 7)
    # templates: B and C have only their own lines, though a line of B is missing
    assert f1_template_accuracy(targets, parsed) == pytest.approx(2 * 2 / 7)


def test_merging_two_groups_loses_both() -> None:
    targets, parsed = [A, A, B, C], [A, A, A, C]
    assert grouping_accuracy(targets, parsed) == 1 / 4
    assert parsing_accuracy(targets, parsed) == 3 / 4
    assert f1_template_accuracy(targets, parsed) == pytest.approx(2 * 1 / (2 + 3))


def test_an_unparsed_line_costs_its_group() -> None:
    targets, parsed = [A, A, B], [A, None, B]
    assert grouping_accuracy(targets, parsed) == 1 / 3
    assert parsing_accuracy(targets, parsed) == 2 / 3
    # one parsed group of two, and of two true ones, is right; template A still is
    assert f1_grouping_accuracy(targets, parsed) == 2 / 4
    assert f1_template_accuracy(targets, parsed) == 4 / 4


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["a", "b", "c", "d"])),
        min_size=1,
        max_size=30,
    )
)
def test_as_the_benchmark_computes_them(pairs: list[tuple[str, str]]) -> None:
    """Against the benchmark's way: value counts of each true group (Loghub-2.0, evaluation/)."""
    import pandas as pd

    frame = pd.DataFrame(pairs, columns=["true", "parsed"])
    sizes = frame.parsed.value_counts()
    lines = groups = 0
    for _, group in frame.groupby("true"):
        counts = group.parsed.value_counts()
        if counts.size == 1 and len(group) == sizes[counts.index[0]]:
            lines, groups = lines + len(group), groups + 1
    right = sum(set(g.true) == {name} for name, g in frame.groupby("parsed"))

    def f1(n: int) -> float:
        precision, recall = n / len(sizes), n / frame.true.nunique()
        return 2 * precision * recall / (precision + recall) if n else 0.0

    targets, parsed = [t for t, _ in pairs], [p for _, p in pairs]
    assert grouping_accuracy(targets, parsed) == lines / len(frame)
    assert math.isclose(f1_grouping_accuracy(targets, parsed) or 0.0, f1(groups))
    assert math.isclose(f1_template_accuracy(targets, parsed) or 0.0, f1(right))


@settings(deadline=None)
@given(st.text(alphabet="ab <*>\t\n", max_size=40))
def test_normalising_twice_changes_nothing(template: str) -> None:
    once = normalise_template(template)
    assert normalise_template(once) == once


def test_failed_lines_are_left_out_of_corpus_metrics() -> None:
    graded = [
        Graded(sample=Sample(id=str(i), inputs={}, target=t), answer=answer, scores={})
        for i, (t, answer) in enumerate(
            [(A, Answer(text=A)), (A, None), (C, Answer(text=f"{C}\n{C}"))]
        )
    ]
    figures = {k: m(graded) for k, m in parsing_metrics(lambda g: str(g.sample.target)).items()}
    assert figures == {
        "grouping_accuracy": 0.5,
        "parsing_accuracy": 0.5,
        "fga": pytest.approx(2 / 3),
        "fta": pytest.approx(2 / 3),
    }
