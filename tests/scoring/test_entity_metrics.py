from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evalsuite.analysis.bootstrap import bca
from evalsuite.records import Answer, Sample
from evalsuite.scoring.entities import score_entities
from evalsuite.scoring.entity_metrics import corpus_metrics, entity_metrics, entity_report
from evalsuite.scoring.entity_reading import OUTCOMES
from evalsuite.scoring.spans import Counts
from evalsuite.task import Graded

LABELS = ("PER", "ORG", "LOC", "DATE")
TEXT = "Mara Bell left Torli for Torli Bank."
GOLD = [
    {"start": 0, "end": 9, "label": "PER"},
    {"start": 15, "end": 20, "label": "LOC"},
    {"start": 25, "end": 35, "label": "ORG"},
]


def graded(*answers: str | None) -> list[Graded]:
    sample = Sample(id="1", inputs={"text": TEXT}, target=GOLD)
    rows = []
    for text in answers:
        answer = None if text is None else Answer(text=text)
        scores = score_entities(answer, GOLD, text=TEXT, labels=LABELS) if answer else []
        rows.append(Graded(sample=sample, answer=answer, scores={s.name: s for s in scores}))
    return rows


def figures(rows: Sequence[Graded]) -> dict[str, float | None]:
    return {name: metric(rows) for name, metric in entity_metrics(LABELS, surface=True).items()}


def test_by_hand() -> None:
    found = figures(graded("PER: Mara; LOC: Torli; LOC: Nowhere", None))
    assert found["precision"] == found["recall"] == found["micro_f1"] == pytest.approx(1 / 3)
    assert found["micro_f1_partial"] == pytest.approx(1.5 / 3)
    assert found["micro_f1_type"] == pytest.approx(2 / 3)
    assert found["micro_f1_exact"] == pytest.approx(1 / 3)
    # PER 0, ORG 0, LOC 2*1/(1+2); DATE neither is nor was predicted
    assert found["macro_f1"] == pytest.approx((0 + 0 + 2 / 3) / 3)
    assert (found["f1_LOC"], found["f1_PER"], found["f1_DATE"]) == (pytest.approx(2 / 3), 0, None)
    assert found["document_f1"] == found["surface_f1"] == pytest.approx(1 / 3)
    assert {name: found[f"outcome_{name}"] for name in OUTCOMES if found[f"outcome_{name}"]} == {
        "correct": 1,
        "boundary": 1,
        "missing": 1,
        "hallucinated": 1,
    }
    assert (found["placed_exact"], found["placed_case"]) == (2, 0)


def test_failures_are_in_no_figure_but_those_that_name_them() -> None:
    with_failure = figures(graded("PER: Mara Bell", None))
    without = figures(graded("PER: Mara Bell"))
    differ = {name for name in without if with_failure[name] != without[name]}
    assert differ == {"texts_failed", "micro_f1_failures_missed"}
    assert (with_failure["texts_scored"], with_failure["texts_failed"]) == (1, 1)
    assert with_failure["micro_f1"] == pytest.approx(2 / 4)
    assert with_failure["micro_f1_failures_missed"] == pytest.approx(2 / 7)


def test_unreadable_answers_miss_everything() -> None:
    found = figures(graded("PER: Mara Bell; LOC: Torli; ORG: Torli Bank", "no idea"))
    assert (found["texts_scored"], found["texts_unreadable"]) == (2, 1)
    assert (found["precision"], found["recall"]) == (1.0, 0.5)
    assert (found["outcome_format"], found["outcome_missing"]) == (1, 3)


def test_mended_answers_have_figures_of_their_own() -> None:
    found = figures(graded("So: [{'type': 'PER', 'text': 'Mara Bell'}]"))
    assert (found["micro_f1"], found["document_f1"]) == (0.0, 0.0)
    assert found["micro_f1_repaired"] == found["document_f1_repaired"] == pytest.approx(2 / 4)


def test_without_answers_there_are_no_figures() -> None:
    for rows in ([], graded(None)):
        found = figures(rows)
        assert found["micro_f1"] is found["macro_f1"] is found["document_f1"] is None
        assert found["texts_failed"] == len(rows)
    assert figures(graded(None))["micro_f1_failures_missed"] == 0.0


def test_documents_are_sets() -> None:
    """A document's set forgives a place and a repetition, spans do not."""
    found = entity_report(graded("LOC: torli; LOC: Torli; PER: mara bell; ORG: Torli Bank"), LABELS)
    assert found.documents == Counts(correct=3)
    assert found.schemas["strict"] == Counts(correct=3, spurious=1)
    # The second "Torli" there is belongs to the bank.
    assert found.outcomes["spurious"] == 1
    assert found.tiers == (2, 2, 0)


def test_surface_forms_are_counted_once_over_all_texts() -> None:
    text = "Bo met Bo."
    gold = [{"start": 0, "end": 2, "label": "PER"}, {"start": 7, "end": 9, "label": "PER"}]
    sample = Sample(id="1", inputs={"text": text}, target=gold)
    rows = [
        Graded(sample=sample, answer=Answer(data=gold[:1]), scores={}),
        Graded(sample=sample, answer=Answer(text="PER: Al; PER: Al"), scores={}),
    ]
    assert entity_report(rows, LABELS).surface == Counts(correct=1, spurious=1)
    wrong_place = [{"start": 7, "end": 9, "label": "PER"}]
    lone = Sample(id="2", inputs={"text": text}, target=gold[:1])
    rows = [Graded(sample=lone, answer=Answer(data=wrong_place), scores={})]
    assert entity_report(rows, LABELS).surface == Counts(missed=1, spurious=1)


def test_a_new_list_is_counted_anew() -> None:
    metric = corpus_metrics(LABELS)["micro_f1"]
    rows = graded("PER: Mara Bell")
    assert metric(rows) == metric(list(rows)) == pytest.approx(2 / 4)
    rows[0] = graded("none")[0]
    assert metric(rows) == 0.0


def test_counts_of_texts_give_the_interval_of_f1() -> None:
    """Micro F1 is a function of sums of scores, so its bootstrap needs no answer read again."""
    answers = ["PER: Mara Bell; LOC: Torli; ORG: Torli Bank", "PER: Mara Bell", "LOC: Paris", "hm"]
    rows = graded(*answers * 10)
    counts = [
        [one.scores[f"{name}_entities"].value for name in ("correct", "predicted", "gold")]
        for one in rows
    ]

    def f1(totals: np.ndarray) -> np.ndarray:
        correct, predicted, gold = np.moveaxis(totals.sum(axis=-2), -1, 0)
        return np.asarray(2 * correct / (predicted + gold))

    found = bca(counts, f1, np.arange(len(rows)))
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(corpus_metrics(LABELS)["micro_f1"](rows))
    assert found.low < 2 * 40 / (50 + 120) < found.high
