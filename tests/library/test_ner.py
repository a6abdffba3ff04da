from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from evalsuite.datasets import DataFile, Dataset
from evalsuite.library.ner import (
    Part,
    bio_answer,
    character_spans,
    inline_answer,
    json_answer,
    lines_answer,
    ner_task,
)
from evalsuite.records import Answer, Sample
from evalsuite.task import Graded, Task

SENTENCES = {
    "train": ["Bo B-PER|naps O", "Al B-PER|Bo I-PER|naps O", "See O|Rome B-LOC"],
    "test": ["See O|Rome B-LOC", "Nobody O|naps O"],
}
NAPPERS = Sample(
    id="1",
    inputs={"text": "Al Bo saw Rome"},
    target=[{"start": 0, "end": 5, "label": "PER"}, {"start": 10, "end": 14, "label": "LOC"}],
)


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    files = {}
    for split, sentences in SENTENCES.items():
        text = "\n\n".join(line.replace("|", "\n") for line in sentences) + "\n"
        (tmp_path / f"{split}.tsv").write_text(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        files[split] = DataFile(path=f"{split}.tsv", sha256=digest, form="conll")
    monkeypatch.setenv("EVALSUITE_DATA", str(tmp_path))
    return ner_task(
        name="ner/naps",
        summary="Who naps where",
        data=Dataset(name="naps", licence="CC0-1.0", source="invented", files=files),
        parts={
            "train": Part(file="train", stop=2),
            "validation": Part(file="train", start=1),
            "test": Part(file="test"),
        },
        labels=("LOC", "PER"),
        reference="",
    )


def test_character_spans() -> None:
    assert character_spans(["Al", "Bo", "in", "Rome"], ["B-PER", "I-PER", "O", "B-LOC"]) == [
        {"start": 0, "end": 5, "label": "PER"},
        {"start": 9, "end": 13, "label": "LOC"},
    ]


def test_no_sentence_is_in_two_splits(task: Task) -> None:
    texts = {
        split: [sample.inputs["text"] for sample in task.samples(split)]
        for split in ("train", "validation", "test")
    }
    assert texts == {
        "train": ["Bo naps"],
        "validation": ["Al Bo naps"],
        "test": ["See Rome", "Nobody naps"],
    }
    assert [sample.id for sample in task.samples("validation")] == ["train-1"]


def test_prompts_hold_the_labels_and_no_target(task: Task) -> None:
    sample = next(iter(task.samples("test")))
    variants = [task.prompt, *(variant.prompt for variant in task.variants.values())]
    for prompt in variants:
        asked = prompt(sample)
        assert isinstance(asked, str)
        assert "LOC, PER" in asked and asked.endswith("\n\nText: See Rome")
    assert len({str(prompt(sample)) for prompt in variants}) == 4


def test_right_answers() -> None:
    assert lines_answer(NAPPERS) == "PER: Al Bo; LOC: Rome"
    assert json_answer(NAPPERS) == '[{"type":"PER","text":"Al Bo"},{"type":"LOC","text":"Rome"}]'
    assert inline_answer(NAPPERS) == "<PER>Al Bo</PER> saw <LOC>Rome</LOC>"
    assert bio_answer(NAPPERS) == "Al B-PER\nBo I-PER\nsaw O\nRome B-LOC"
    nobody = Sample(id="2", inputs={"text": "Nobody naps"}, target=[])
    assert [form(nobody) for form in (lines_answer, json_answer, inline_answer)] == [
        "none",
        "[]",
        "none",
    ]
    assert bio_answer(nobody) == "Nobody O\nnaps O"


def test_every_right_answer_succeeds_and_counts(task: Task) -> None:
    shots = [task.shot, *(variant.shot for variant in task.variants.values())]
    for shot in shots:
        assert shot is not None
        rows = []
        for sample in task.samples("test"):
            answer = Answer(text=shot(sample))
            scores = {score.name: score for score in task.score(sample, answer)}
            assert task.succeeded(scores) is True
            rows.append(Graded(sample=sample, answer=answer, scores=scores))
        assert task.corpus["micro_f1"](rows) == 1.0


def test_what_cannot_be_read_is_a_format_error(task: Task) -> None:
    sample = next(iter(task.samples("test")))
    score = task.score(sample, Answer(text="I cannot help with that"))[0]
    assert (score.name, score.value, score.status) == ("exact_set", 0.0, "format_error")


def test_surface_figures_only_where_asked(task: Task) -> None:
    assert "surface_f1" not in task.corpus
    assert {"micro_f1", "document_f1", "micro_f1_repaired", "f1_LOC"} <= set(task.corpus)
