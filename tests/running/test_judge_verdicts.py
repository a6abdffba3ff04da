"""Orders and rankings as verdicts about systems: whatever is said, the sides stay right."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.judging.binding import JudgeBinding
from evalsuite.judging.judge_file import JudgeFile
from evalsuite.library.bound_judges import BoundJudge
from evalsuite.records import Answer, Response, Verdict
from evalsuite.running.judge_marks import places_of
from evalsuite.running.judge_questions import GivenAnswer, JudgedSample
from evalsuite.running.judge_task import JudgeTask, judge_task
from evalsuite.running.judge_verdicts import verdicts_of


def judging(kind: str, *successes: bool | None) -> JudgeTask:
    """The questions about one sample that systems s0, s1 ... answered."""
    form = "text" if kind == "listwise" else "choices"
    judge = JudgeFile.model_validate(
        {"kind": kind, "summary": "s", "criteria": {"good": "It is good."}, "form": form}
    )
    answers = tuple(
        GivenAnswer(key=f"k{i}", system=f"s{i}", repeat=0, text=f"text {i}", success=success)
        for i, success in enumerate(successes)
    )
    item = JudgedSample(
        task="t", sample_id="1", cluster="1", question="q", reference=None, answers=answers
    )
    binding = JudgeBinding(judge="j", by=("x",))
    return judge_task(BoundJudge(binding=binding, judge=judge), "j:t", [item], seed=0)


def said(made: JudgeTask, order: str, answer: Answer) -> list[Verdict]:
    (put,) = [put for put in made.puts.values() if put.order == order]
    response = Response(
        key="r",
        task="j:t",
        sample_id=put.sample.id if put.sample else "",
        system="x",
        repeat=0,
        status="ok",
        started_at=0.0,
        answer=answer,
    )
    return list(verdicts_of(made, put, response, "judge", lambda by, system: False))


@pytest.mark.parametrize(
    ("order", "label", "verdict", "value"),
    [
        ("ab", "A", "a", 1.0),
        ("ab", "B", "b", 0.0),
        ("ab", "tie", "tie", 0.5),
        ("ba", "A", "b", 0.0),
        ("ba", "B", "a", 1.0),
        ("ba", "tie", "tie", 0.5),
    ],
)
def test_a_verdict_is_about_systems_and_not_about_places(
    order: str, label: str, verdict: str, value: float
) -> None:
    (row,) = said(judging("pairwise", True, False), order, Answer(choice=label, text=label))
    assert (row.system_a, row.system_b, row.order) == ("s0", "s1", order)
    assert (row.verdict, row.value, row.right) == (verdict, value, "a")
    assert row.agrees is (verdict == "a")
    assert (row.response_key_a, row.response_key_b) == ("k0", "k1")


@pytest.mark.parametrize("successes", [(True, True), (False, False), (True, None), (None, None)])
def test_of_equals_nothing_is_known_to_be_right(successes: tuple[bool | None, ...]) -> None:
    (row,) = said(judging("pairwise", *successes), "ab", Answer(choice="A", text="A"))
    assert row.right is None and row.agrees is None


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.sampled_from(["A", "B", "tie"]))
def test_the_two_orders_of_a_consistent_judge_say_the_same(masses: list[float], label: str) -> None:
    """A judge that turns its probabilities with the places has one expected value."""
    made = judging("pairwise", True, False)
    other = {"A": "B", "B": "A", "tie": "tie"}
    chance = {k: m / sum(masses) for k, m in zip(("A", "tie", "B"), masses, strict=True)}
    turned = {other[k]: p for k, p in chance.items()}
    (ab,) = said(made, "ab", Answer(choice=label, text=label, probabilities=chance))
    (ba,) = said(made, "ba", Answer(choice=other[label], text=label, probabilities=turned))
    assert ab.verdict == ba.verdict
    assert ab.value == pytest.approx(ba.value) and ab.basis == ba.basis == "expected"


@given(st.permutations("ABC"), st.sampled_from(["ab", "ba"]))
def test_a_ranking_of_places_is_one_of_systems(ranking: list[str], order: str) -> None:
    made = judging("listwise", None, None, None)
    (put,) = [put for put in made.puts.values() if put.order == order]
    assert put.question is not None
    text = f"So.\n[[{put.question.mark}: {' > '.join(ranking)}]]"
    rows = said(made, order, Answer(text=text))
    place = {answer.system: ranking.index("ABC"[i]) for i, answer in enumerate(put.shown)}
    assert len(rows) == 3
    for row in rows:
        assert row.system_a is not None and row.system_b is not None
        assert row.system_a < row.system_b
        ahead = place[row.system_a] < place[row.system_b]
        assert row.verdict == ("a" if ahead else "b") and row.value == float(ahead)


def test_equals_of_a_ranking_tie() -> None:
    assert list(places_of("B > A = C", 3)) == [(0, 1, 0.0), (0, 2, 0.5), (1, 2, 1.0)]
    for ranking in permutations("ABCD"):
        wins = [value for _, _, value in places_of(" > ".join(ranking), 4)]
        assert len(wins) == 6 and set(wins) <= {0.0, 1.0}


def test_an_unread_pair_has_no_value() -> None:
    (row,) = said(judging("pairwise", True, False), "ab", Answer(text="A is better than B"))
    assert (row.status, row.error_kind) == ("judge_error", "no_verdict")
    assert row.value is None and row.verdict is None and row.agrees is None and row.right == "a"
