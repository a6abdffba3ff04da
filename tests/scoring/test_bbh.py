from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.bbh import Form, form_of, score_bbh


@pytest.mark.parametrize(
    ("subtask", "target", "form"),
    [
        ("hyperbaton", "(B)", "option"),
        ("boolean_expressions", "True", "word"),
        ("sports_understanding", "no", "word"),
        ("formal_fallacies", "invalid", "word"),
        ("object_counting", "8", "number"),
        ("multistep_arithmetic_two", "-35", "number"),
        ("dyck_languages", "] ) >", "brackets"),
        ("word_sorting", "barn damp", "words"),
        ("movie_recommendation", "Monsters, Inc", "text"),
    ],
)
def test_forms(subtask: str, target: str, form: Form) -> None:
    assert form_of(subtask, target) == form


@pytest.mark.parametrize(
    ("form", "target", "said"),
    [
        ("option", "(B)", "So the answer is (B)."),
        ("option", "(B)", "(A) is out. So the answer is B."),
        ("option", "(B)", "(B)"),
        ("option", "(B)", "First (A).\n**(B)** 12/25/1937"),
        ("option", "(B)", "The answer is the second one, (B)."),
        ("word", "Yes", "So the answer is yes"),
        ("word", "no", "No."),
        ("word", "False", "True and False = False. So the answer is False."),
        ("number", "-35", "So the answer is -35."),
        ("number", "8", "So the answer is 8 animals."),
        ("brackets", "] ) >", 'So, we need "]". So the answer is ])>.'),
        ("brackets", ">", ">"),
        ("words", "barn damp dot", "So the answer is barn, damp, dot."),
        ("text", "Monsters, Inc", "So the answer is Monsters, Inc."),
    ],
)
def test_right(form: Form, target: str, said: str) -> None:
    score = score_bbh(Answer(text=said), target, form)
    assert (score.value, score.status) == (1.0, "scored")


@pytest.mark.parametrize(
    ("form", "target", "said"),
    [
        ("option", "(A)", "So the answer is (A) or (B)."),
        ("option", "(A)", "If we look at (A), it says that"),
        ("option", "(A)", "So the answer is None of the above."),
        ("word", "Yes", "Both yes and no"),
        ("word", "False", "Let's evaluate A: A = not False and"),
        ("number", "3", "So the answer is unknown."),
        ("brackets", ">", "So the answer is three."),
        ("words", "a b", ""),
    ],
)
def test_unreadable(form: Form, target: str, said: str) -> None:
    score = score_bbh(Answer(text=said), target, form)
    assert (score.value, score.status) == (0.0, "format_error")


@pytest.mark.parametrize(
    ("form", "target", "said"),
    [
        ("option", "(A)", "So the answer is (B)."),
        ("word", "valid", "So the answer is invalid."),
        ("number", "8", "8, no: so the answer is 9."),
        ("brackets", "] )", ") ]"),
        ("words", "barn damp", "damp barn"),
    ],
)
def test_wrong(form: Form, target: str, said: str) -> None:
    score = score_bbh(Answer(text=said), target, form)
    assert (score.value, score.status) == (0.0, "scored")
