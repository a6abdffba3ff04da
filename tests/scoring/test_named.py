from __future__ import annotations

from typing import Any

import pytest

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Sample
from evalsuite.scoring import overlap
from evalsuite.scoring.named import SCORERS, scorer
from evalsuite.scoring.sandbox import available_tier
from evalsuite.task import Graded

RIGHT: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "exact": ("Paris", "paris", ()),
    "contains": (["Paris", "Lutetia"], "It is Lutetia.", ()),
    "regex": (r"\d{3}", "no 123", ()),
    "token_f1": ("the red fox", "red fox", ()),
    "bleu": ("the red fox ran home", "the red fox ran home", ()),
    "chrf": (["the red fox", "a fox"], "a fox", ()),
    "rouge": ("the red fox", "The red fox.", ()),
    "constraints": ({"words_exactly": 2}, "Two words.", ()),
    "number": (1000, "$1,000.00", ()),
    "symbolic": (r"\frac{1}{2}", r"So it is $\frac{2}{4}$.", ()),
    "denotation": (["Oslo", "Lima"], "Lima | Oslo", ()),
    "choice": ("b", "B", ("a", "b")),
    "code": (
        {"entry_point": "f", "cases": [{"args": [1], "expected": 2}]},
        "```python\ndef f(x):\n    return x + 1\n```",
        (),
    ),
    "spans": ([{"start": 0, "end": 2, "label": "PER"}], "PER: Bo", ("PER",)),
}


@pytest.mark.parametrize("name", SCORERS)
def test_each_scorer_tells_right_from_wrong(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())
    target, said, choices = RIGHT[name]
    one = scorer(name)
    sample = Sample(id="1", inputs={"text": "Bo left"}, target=target)
    right = {s.name: s.value for s in one.score(sample, Answer(text=said), choices)}
    wrong = {s.name: s.value for s in one.score(sample, Answer(text="?"), choices)}
    assert (right[one.decides], wrong[one.decides]) == (pytest.approx(1.0), 0.0)
    assert one.needs_choices == bool(choices)


def test_code_is_graded_by_cases_or_by_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())
    one, header = scorer("code"), "def f(x):\n"
    check = "def check(candidate):\n    assert candidate(1) == 2\n"
    for tests in ({"cases": [{"args": [1], "expected": 2}]}, {"check": check}):
        target = {"entry_point": "f", "header": header, **tests}
        sample = Sample(id="1", inputs={}, target=target)
        for said, value in (("    return x + 1", 1.0), ("    return x", 0.0)):
            (score,) = one.score(sample, Answer(text=said), ())
            assert (score.name, score.value, score.status) == (one.decides, value, "scored")
    with pytest.raises(ConfigError, match="the target of scorer 'code'"):
        one.score(Sample(id="1", inputs={}, target="f"), Answer(text="x"), ())


def test_a_denotation_of_one_value() -> None:
    sample = Sample(id="1", inputs={}, target=1200)
    (score,) = scorer("denotation").score(sample, Answer(text="1200.0"), ())
    assert (score.value, score.explanation) == (1.0, "1200.0")


def test_figures_of_all_answers_are_no_means_of_sentences() -> None:
    said, wanted = ("the cat sat on the mat", "it"), ("the cat sat on a mat", "it is")
    one = scorer("bleu")
    samples = [Sample(id=str(i), inputs={}, target=[text]) for i, text in enumerate(wanted)]
    graded = [
        Graded(sample=sample, answer=Answer(text=text), scores={})
        for sample, text in zip(samples, said, strict=True)
    ]
    mean = sum(one.score(g.sample, g.answer or Answer(), ())[0].value or 0 for g in graded) / 2
    corpus = one.corpus["corpus_bleu"](graded)
    assert corpus == overlap.corpus_bleu(said, wanted)
    assert corpus is not None and abs(corpus - mean) > 0.01
    assert set(scorer("chrf").corpus) == {"corpus_chrf", "corpus_chrf_plus_plus"}
    assert not scorer("rouge").corpus and not scorer("exact").corpus


@pytest.mark.parametrize("name", ["bleu", "chrf", "rouge", "symbolic"])
def test_what_a_scorer_needs_is_there(name: str) -> None:
    ready = scorer(name).ready
    assert ready is not None
    assert ready() is None  # type: ignore[func-returns-value]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'meteor'; there are bleu, choice, chrf, code, constr"):
        scorer("meteor")


def test_a_target_of_constraints_is_a_mapping() -> None:
    with pytest.raises(ConfigError, match="the target of scorer 'constraints' is"):
        scorer("constraints").score(Sample(id="1", inputs={}, target="short"), Answer(), ())
