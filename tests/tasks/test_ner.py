"""The benchmarks of named entities: their data, right answers in every form, recorded systems."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.library.ner import character_spans
from evalsuite.prompting import Prompting, prompted
from evalsuite.records import Answer, Sample
from evalsuite.scoring.bio import tag_report
from evalsuite.task import Graded, Split, Task

Data = Callable[[str], Path]
Load = Callable[[str], Task]

# Official numbers of sentences, less those of train that are also in test; gold spans of test.
SIZES = {
    "ner/wnut17": (3394, 1009, 1287, 1079),
    "ner/bc5cdr": (597, 200, 4797, 9809),
    "ner/crossner_ai": (100, 0, 431, 1809),
    "ner/crossner_music": (94, 0, 465, 3336),
    "ner/crossner_science": (199, 0, 543, 3089),
}
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@pytest.fixture
def task(request: pytest.FixtureRequest, load: Load, data: Data) -> Task:
    found = load(request.param)
    for dataset in found.data:
        for file in dataset.files.values():
            data(f"ner/{Path(file.path).parent.name}")
    return found


every_task = pytest.mark.parametrize("task", SIZES, indirect=True)


def labels_of(task: Task) -> list[str]:
    return [name.removeprefix("f1_") for name in task.corpus if name.startswith("f1_")]


def figures(task: Task, rows: Iterable[tuple[Sample, Answer]]) -> dict[str, float | None]:
    graded = [Graded(sample=sample, answer=answer, scores={}) for sample, answer in rows]
    return {name: metric(graded) for name, metric in task.corpus.items()}


@every_task
def test_splits(task: Task) -> None:
    samples = {split: list(task.samples(split)) for split in SPLITS}
    sizes = [len(samples[split]) for split in SPLITS]
    assert (*sizes, sum(len(s.target) for s in samples["test"])) == SIZES[task.name]
    texts = {split: {s.inputs["text"] for s in samples[split]} for split in SPLITS}
    ids = [sample.id for split in SPLITS for sample in samples[split]]
    assert len(set(ids)) == len(ids)
    assert not texts["test"] & (texts["train"] | texts["validation"])
    assert not texts["train"] & texts["validation"]


@every_task
def test_declared_labels_are_those_of_the_test_split(task: Task) -> None:
    gold = {span["label"] for sample in task.samples("test") for span in sample.target}
    assert gold == set(labels_of(task))
    prompt = task.messages(next(iter(task.samples("test"))))[0].content
    assert f"Types: {', '.join(labels_of(task))}.\n" in prompt


@every_task
def test_gold_spans_are_perfect(task: Task) -> None:
    samples = list(islice(task.samples("test"), 600))
    found = figures(task, [(sample, Answer(data=sample.target)) for sample in samples])
    spans = sum(len(sample.target) for sample in samples)
    assert (found["outcome_correct"], found["texts_scored"]) == (spans, len(samples))
    for name in ("micro_f1", "macro_f1", "micro_f1_repaired", "document_f1", "micro_f1_partial"):
        assert found[name] == 1.0


# Words have no place: where they also stand earlier in the text, an answer that lists them cannot
# say which is meant. A line also ends at a semicolon, which is part of some titles of songs.
LOST = {
    ("ner/wnut17", "plain"): (1284, 1076),
    ("ner/wnut17", "json"): (1285, 1077),
    ("ner/crossner_music", "plain"): (456, 3325),
    ("ner/crossner_music", "json"): (464, 3335),
    ("ner/crossner_science", "plain"): (540, 3086),
    ("ner/crossner_science", "json"): (541, 3087),
}


@pytest.mark.parametrize("form", ["plain", "json", "inline", "bio"])
@every_task
def test_right_answers_in_every_form(task: Task, form: str) -> None:
    asked = prompted(task, Prompting(variant=form))
    assert asked.shot is not None or form == "plain"
    shot = asked.shot or task.shot
    assert shot is not None
    right, spans = 0, 0
    for sample in islice(asked.samples("test"), 1300):
        scores = {score.name: score for score in asked.score(sample, Answer(text=shot(sample)))}
        right += scores["exact_set"].value == 1.0
        spans += int(scores["correct_entities"].value or 0)
        assert scores["repaired_exact_set"].value == scores["exact_set"].value
    samples = list(islice(asked.samples("test"), 1300))
    whole = (len(samples), sum(len(sample.target) for sample in samples))
    assert (right, spans) == LOST.get((task.name, form), whole)


@every_task
def test_examples_in_the_prompt(task: Task) -> None:
    asked = prompted(task, Prompting(variant="bio", shots=2))
    turns = asked.messages(next(iter(asked.samples("test"))))
    assert [turn.role for turn in turns] == ["user", "assistant"] * 2 + ["user"]
    assert turns[1].content.count("\n") + 1 == len(turns[0].content.split("Text: ")[1].split(" "))


# Entity F1: as in the README of the recordings; surface F1: as measured here, but for SpinningBytes
# (39.33 in the abstract of von Däniken and Cieliebak 2017, W17-4422, beside 40.78).
SUBMISSIONS = {
    "arcada": (0.3998, 0.3777),
    "drexel_cci": (0.2630, 0.2526),
    "flytxt": (0.3835, 0.3631),
    "mic-cis": (0.3706, 0.3425),
    "sjtu_adapt": (0.4042, 0.3762),
    "spinningbytes": (0.4078, 0.3933),
    "uh_ritual": (0.4186, 0.4024),
}


@pytest.mark.parametrize("system", SUBMISSIONS)
@pytest.mark.parametrize("task", ["ner/wnut17"], indirect=True)
def test_submissions_to_the_wnut17_shared_task(task: Task, data: Data, system: str) -> None:
    """The shared task's two measures, through the task's own metrics and through tags."""
    gold = list(read_rows(data("ner/wnut17/test.conll")))
    said = list(read_rows(data(f"ner/recorded/wnut17_submissions/{system}.conll")))
    rows = [
        (sample, Answer(data=character_spans(wanted["tokens"], found["tags"])))
        for sample, wanted, found in zip(task.samples("test"), gold, said, strict=True)
    ]
    found = figures(task, rows)
    entity, surface = SUBMISSIONS[system]
    assert found["micro_f1"] == pytest.approx(entity, abs=5e-5)
    assert found["surface_f1"] == pytest.approx(surface, abs=5e-5)
    assert (found["texts_scored"], found["texts_unreadable"]) == (1287, 0)
    tags = tag_report([row["tags"] for row in gold], [row["tags"] for row in said])
    assert tags.precision_recall_f1()[2] == pytest.approx(found["micro_f1"])


@pytest.mark.parametrize("task", ["ner/wnut17"], indirect=True)
def test_published_figures_are_the_reproduced_ones(task: Task) -> None:
    names = {
        "Arcada": "arcada",
        "Drexel-CCI": "drexel_cci",
        "FLYTXT": "flytxt",
        "MIC-CIS": "mic-cis",
        "SJTU-Adapt": "sjtu_adapt",
        "SpinningBytes": "spinningbytes",
        "UH-RiTUAL": "uh_ritual",
    }
    at = {"micro_f1": 0, "surface_f1": 1}
    assert {figure.system for figure in task.published} == set(names)
    for figure in task.published:
        assert figure.value == SUBMISSIONS[names[figure.system]][at[figure.metric]]
